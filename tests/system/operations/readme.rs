//! Goal: what the manual tells people to type works as it stands. Method: its `curl` examples, one after the other, against
//! an empty shop; only the address is another.

use std::process::Command;

use crate::support::server::Server;

/// The `sh` blocks of the pages for programs that talk to a server.
fn examples() -> Vec<String> {
    let pages = [include_str!("../../../src/manual/api.md"), include_str!("../../../src/manual/live.md")].concat();
    let blocks = pages.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.filter(|block| block.contains("curl ")).map(str::to_string).collect()
}

#[test]
#[cfg_attr(missing = "curl", ignore = "curl is not installed")]
fn the_curl_examples_of_the_readme_succeed_one_after_the_other() {
    let server = Server::start();
    let examples = examples();
    assert!(examples.len() >= 5, "the examples were not found");
    for example in examples {
        // Only the lines about HTTP; `tail` has tests of its own.
        let script = example.split("\ntillsync tail").next().unwrap();
        let script =
            script.replace("127.0.0.1:8000", &server.addr.to_string()).replace("curl -s", "curl -sS --fail-with-body");
        let output = Command::new("sh").args(["-e", "-c", &script]).output().unwrap();
        assert!(
            output.status.success(),
            "{script}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
