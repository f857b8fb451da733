//! The six watch guarantees of `/sync` (promises 2 and 6): ordered, unique, reliable, atomic, resumable, bookmarkable.
//!
//! Goal: however often and wherever a device's connection is cut, and whatever happens to the server, the device has every
//! change in the end, in order and once, or is told to reload.
//!
//! Method: busy tills make random changes while devices follow through a proxy that splits, delays and cuts, mostly in
//! the middle of a frame. A witness without a proxy, there from the first change on, has the whole log; each device's log
//! must be that log, less what was overtaken while it was away, and its records must be those of the lists.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use crate::support::http::Client;
use crate::support::proxy::{BEHIND_PROXY, Line, Proxy};
use crate::support::random::Random;
use crate::support::server::Server;
use crate::support::storm::{BusyTill, Progress};
use crate::support::sync::{self, Bookmark, Follower, listed};
use crate::support::{till, wait_until};

/// Pieces of any size, short pauses, and a cut after at most about 200 changes.
const ROUGH: Line = Line {
    piece_bytes_max: 3_000,
    pause_one_in: 200,
    pause_max: Duration::from_millis(3),
    cut_bytes_max: Some(200_000),
};

/// Starts a device that connects to `addr` and follows to the end. A sleeper stays away after some of its cuts until it
/// has missed a good deal.
fn follow<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    progress: &'scope Progress,
    device: usize,
    addr: SocketAddr,
    is_sleeper: bool,
) -> ScopedJoinHandle<'scope, Follower> {
    const SLEEPS_FOR: u64 = 200;
    scope.spawn(move || {
        let mut follower = Follower::from_beginning();
        let mut random = Random::new(device as u64);
        let mut has_connected = false;
        let connect_to = || {
            if is_sleeper && has_connected && random.one_in(4) {
                let wake_at = progress.of(device) + SLEEPS_FOR;
                wait_until("much happens while a device sleeps", || {
                    progress.furthest() >= wake_at || progress.is_writing_over()
                });
            }
            has_connected = true;
            addr
        };
        follower.follow(connect_to, |seq| progress.note(device, seq));
        follower
    })
}

#[test]
#[ignore = "long: cargo test-all"]
fn every_device_that_is_cut_at_random_moments_has_every_change_once_and_in_order() {
    const DEVICES: usize = 100;
    const WRITERS: u64 = 8;
    const COMMANDS: u64 = 10_000;
    /// Nobody gets further ahead of the slowest, so that most cuts meet a feed that is going on. More than a sleeper
    /// waits for.
    const LEAD_MAX: u64 = 600;
    let server = Server::start_with(&BEHIND_PROXY);
    let proxy = Proxy::start(server.addr, ROUGH, 1);
    let progress = Progress::of_devices(DEVICES + 1);
    let (witness, followers) = thread::scope(|scope| {
        let witness = follow(scope, &progress, DEVICES, server.addr, false);
        let followers: Vec<_> = (0..DEVICES).map(|device| follow(scope, &progress, device, proxy.addr, true)).collect();
        let sent = AtomicU64::new(0);
        thread::scope(|writers| {
            for writer in 0..WRITERS {
                let (progress, sent, addr) = (&progress, &sent, server.addr);
                writers.spawn(move || {
                    BusyTill::new(addr, writer).act_until(sent, COMMANDS, || {
                        wait_until("the slowest device comes after", || {
                            progress.furthest() < progress.slowest() + LEAD_MAX
                        });
                    });
                });
            }
        });
        progress.finish(&mut server.client());
        let followers: Vec<Follower> = followers.into_iter().map(|follower| follower.join().unwrap()).collect();
        (witness.join().unwrap(), followers)
    });

    let listed = listed(&mut server.client());
    witness.assert_shows(&listed);
    let commits = witness.into_commits();
    assert!(commits.len() as u64 > COMMANDS, "{} changes by {COMMANDS} commands", commits.len());
    for follower in &followers {
        follower.assert_complete(&commits);
        follower.assert_shows(&listed);
    }
    // Otherwise nothing was shown.
    assert!(proxy.cuts() > DEVICES as u64, "only {} connections were cut", proxy.cuts());
}

#[test]
#[ignore = "long: cargo test-all"]
fn devices_resume_with_their_old_epoch_after_each_kill_of_the_server() {
    const DEVICES: usize = 8;
    const WRITERS: u64 = 4;
    const KILLS: usize = 20;
    let mut server = Server::start_with(&BEHIND_PROXY);
    let rough = Proxy::start(server.addr, ROUGH, 2);
    // The tills' own line is good: they connect to the same address whatever becomes of the server.
    let steady = Proxy::start(server.addr, Line::STEADY, 0);
    let progress = Progress::of_devices(DEVICES + 1);
    let followers = thread::scope(|scope| {
        let mut followers: Vec<_> =
            (0..DEVICES).map(|device| follow(scope, &progress, device, rough.addr, true)).collect();
        // The sleepers wake when this one is far enough ahead.
        followers.push(follow(scope, &progress, DEVICES, steady.addr, false));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (progress, addr) = (&progress, steady.addr);
                scope.spawn(move || {
                    let mut till = BusyTill::new(addr, writer);
                    while !progress.is_writing_over() {
                        wait_until("a command is answered", || till.act());
                    }
                })
            })
            .collect();
        for kill in 0..KILLS {
            // Another moment of the load each time.
            let enough = progress.furthest() + 150 + 37 * kill as u64;
            wait_until("devices have seen a good deal", || progress.furthest() >= enough);
            server.kill();
            server.start_again();
            for proxy in [&rough, &steady] {
                proxy.aim_at(server.addr);
            }
        }
        let last = progress.furthest();
        wait_until("everybody is there again", || progress.slowest() > last);
        progress.writing_is_over();
        for writer in writers {
            writer.join().unwrap();
        }
        progress.finish(&mut server.client());
        followers.into_iter().map(|follower| follower.join().unwrap()).collect::<Vec<Follower>>()
    });

    let listed = listed(&mut server.client());
    for follower in &followers {
        follower.assert_shows(&listed);
        assert!(follower.epochs.len() > 1, "it never noticed a restart: {:?}", follower.epochs);
    }
}

/// What both ways of resuming say to a bookmark.
fn resume(addr: SocketAddr, bookmark: &Bookmark) -> String {
    let (_, hello) = sync::open(addr, &bookmark.query());
    let changes = Client::connect(addr).get(&format!("/api/changes?{}", bookmark.query())).expect(200);
    assert_eq!(changes["resume"] == "reset", hello.resume == "reset", "/sync and /api/changes differ: {changes}");
    hello.resume
}

/// Stores so many estimates.
fn store(server: &Server, count: usize) {
    let mut client = server.client();
    for _ in 0..count {
        till::create_estimate(&mut client, "Asha");
    }
}

fn warnings(server: &Server) -> usize {
    server.log().lines().filter(|line| line.contains(" WARN ") || line.contains(" ERROR ")).count()
}

/// A client that is ahead of an old file, and what it must see when that file has come back.
fn assert_noticed(server: &Server, ahead: &Bookmark, still_good: &[Bookmark]) {
    let warned_before = warnings(server);
    assert_eq!(resume(server.addr, ahead), "reset", "{ahead:?}");
    wait_until("the log says so", || warnings(server) > warned_before);
    for bookmark in still_good {
        assert_ne!(resume(server.addr, bookmark), "reset", "{bookmark:?}");
    }
    // The file grows past the client: what it has under these sequences is something else than what the file has.
    while sync::open(server.addr, "").1.seq <= ahead.seq + 5 {
        store(server, 5);
        assert_eq!(resume(server.addr, ahead), "reset", "{ahead:?}");
    }
    // After the reset it reads its lists and follows from there.
    let mut again = Follower::from_now();
    again.connect(server.addr).unwrap();
    store(server, 1);
    again.step().unwrap();
}

#[test]
fn a_device_ahead_of_a_file_that_was_put_back_is_told_to_reload_even_after_the_file_has_grown_past_it() {
    for copied_while_stopped in [true, false] {
        let mut server = Server::start();
        store(&server, 20);
        let common = sync::open(server.addr, "").1.bookmark();
        if copied_while_stopped {
            assert!(server.stop().success());
        }
        // Copied between two commits, it is what a card holds that loses everything after them.
        let files = [server.database(), server.journal()];
        let old = files.clone().map(|file| fs::read(file).unwrap());
        if copied_while_stopped {
            server.start_again();
        }
        store(&server, 10);
        let ahead = sync::open(server.addr, "").1.bookmark();
        assert_eq!(ahead.epoch != common.epoch, copied_while_stopped, "an epoch names a run");

        server.kill();
        for (file, old) in files.iter().zip(&old) {
            fs::write(file, old).unwrap();
        }
        server.start_again();
        let earlier = Bookmark { seq: common.seq - 5, epoch: common.epoch.clone() };
        assert_noticed(&server, &ahead, &[common, earlier]);
    }
}
