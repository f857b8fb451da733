//! Goal: what each operating system is asked for in its own way is told on all of them. Method: a real server, and what its users
//! see of it; `.ci/run` has these tests run the programs for a Raspberry Pi and for Windows, too.

use crate::support::program::is_for_windows;
use crate::support::samples;
use crate::support::server::Server;
use crate::support::skip;

#[test]
fn a_disk_with_less_room_than_the_reserve_takes_nothing_new() {
    const RESERVE_MIB: u64 = 1 << 20;
    let server = Server::start_with(&["--disk-reserve-mib", &RESERVE_MIB.to_string()]);
    let free_bytes = tillsync::platform::free_bytes(server.dir.path()).expect("the system tells the free space");
    assert!(free_bytes > 0);
    if free_bytes >> 20 > RESERVE_MIB {
        return skip("this disk has more room than the largest reserve");
    }
    let mut client = server.client();
    let refused = client.post("/api/estimates/create", &samples::estimate("Asha Patil"));
    assert!(refused.detail(507).contains("disk"), "{}", refused.text());
    assert_eq!(client.get("/api/estimates/all").status, 200);
}

#[cfg(unix)]
#[test]
fn the_files_of_a_new_shop_are_for_its_own_account_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    if is_for_windows() {
        return skip("a program for Windows leaves that to the folder's own rights");
    }
    let server = Server::start();
    for path in [server.database(), server.journal()] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}
