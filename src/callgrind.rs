//! How many instructions something costs, whatever the machine: callgrind counts those of the test program itself while it does it
//! few times and many times; the difference is what one time costs. Only tests see this module.

use std::env;
use std::process::Command;

/// What is done and how often, for the program under callgrind: `fast 100`.
const TASK: &str = "TILLSYNC_COUNTED_TASK";
const FEW: u64 = 200;
const MANY: u64 = 1_200;

/// The task of this run and how often it is to be done, if this is the program under callgrind.
pub fn task() -> Option<(String, u64)> {
    let task = env::var(TASK).ok()?;
    let (name, times) = task.split_once(' ').expect("a name and a number");
    Some((name.to_string(), times.parse().expect("a number")))
}

/// What one time of a task costs in the test of this path, which does what [`task`] says.
pub fn instructions_of(test: &str, task: &str) -> u64 {
    (run(test, task, MANY) - run(test, task, FEW)) / (MANY - FEW)
}

fn run(test: &str, task: &str, times: u64) -> u64 {
    let (_, test) = test.split_once("::").expect("a path that begins with the crate");
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().expect("a program"))
        .args(["--exact", "--include-ignored", test])
        .env(TASK, format!("{task} {times}"))
        .output()
        .expect("valgrind");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && String::from_utf8_lossy(&run.stdout).contains("1 passed"), "{said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    collected.and_then(|(_, count)| count.trim().parse().ok()).unwrap_or_else(|| panic!("no count: {said}"))
}
