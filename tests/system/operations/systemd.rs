//! Goal: systemd knows how the server is, and no device is refused while it restarts. Method: the test plays systemd. It
//! owns the socket for notices and the listening sockets, and starts the program with the variables that systemd sets; a
//! disk or an accept loop that hangs is made by `strace`, which holds up that one system call of a healthy process.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::http::Client;
use crate::support::{DEADLINE, samples, skip, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tillsync");
/// The watchdog time that the server is told; it wants to give a sign of life three times in it.
const WATCHDOG_MICROS: &str = "300000";
/// So long without a sign of life means that none is given: twenty of them.
const SILENCE: Duration = Duration::from_secs(2);

/// What systemd keeps over restarts of a service: its data folder and its sockets.
struct Systemd {
    dir: TempDir,
    notices: UnixDatagram,
}

/// A running service.
struct Service {
    /// The direct child: the program, or the shell that becomes `strace`.
    child: Child,
    pid: u32,
}

impl Systemd {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let notices = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        Self { dir, notices }
    }

    /// The program through a shell, which can pass on sockets under the numbers that systemd uses.
    fn command(&self, script: &str, args: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command
            .args(["-c", script, "sh", PROGRAM])
            .args(args)
            .env("TILLSYNC_DATA", self.dir.path().join("data"))
            .env("NOTIFY_SOCKET", self.dir.path().join("notify"))
            .env("WATCHDOG_USEC", WATCHDOG_MICROS)
            .stderr(std::fs::File::options().create(true).append(true).open(self.dir.path().join("log")).unwrap());
        command
    }

    /// Starts the program on sockets that stay open here.
    fn start_on(&self, listeners: [&TcpListener; 2], args: &[&str]) -> Service {
        const SCRIPT: &str = "exec 3<&0 4<&1 0</dev/null 1>/dev/null
            export LISTEN_FDS=2 LISTEN_PID=$$
            exec \"$@\"";
        let [first, second] = listeners.map(|listener| OwnedFd::from(listener.try_clone().unwrap()));
        let child = self.command(SCRIPT, args).stdin(Stdio::from(first)).stdout(Stdio::from(second)).spawn().unwrap();
        let pid = child.id();
        Service { child, pid }
    }

    /// Waits for a notice with this line and gives all of it.
    fn wait_for(&self, line: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = Vec::new();
        while let Some(notice) = self.next(deadline.saturating_duration_since(Instant::now())) {
            if notice.lines().any(|own| own.starts_with(line)) {
                return notice;
            }
            seen.push(notice);
        }
        panic!("no {line} among {seen:?}; log:\n{}", self.log());
    }

    /// The next notice, if one comes in time.
    fn next(&self, time: Duration) -> Option<String> {
        let mut bytes = [0; 4096];
        self.notices.set_read_timeout(Some(time.max(Duration::from_millis(1)))).unwrap();
        match self.notices.recv(&mut bytes) {
            Ok(length) => Some(String::from_utf8(bytes[..length].to_vec()).unwrap()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits until no sign of life has come for [`SILENCE`].
    fn wait_for_silence(&self) {
        let deadline = Instant::now() + DEADLINE;
        let mut last = Instant::now();
        while last.elapsed() < SILENCE {
            assert!(Instant::now() < deadline, "the signs of life go on; log:\n{}", self.log());
            if self.next(Duration::from_millis(100)).is_some_and(|notice| notice.contains("WATCHDOG=1")) {
                last = Instant::now();
            }
        }
    }

    /// Takes what waits, as systemd does.
    fn drain(&self) {
        while self.next(Duration::ZERO).is_some() {}
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Service {
    fn terminate(&self) {
        assert!(signal(self.pid, "-TERM"));
    }

    fn wait_exit(&mut self) -> bool {
        wait_until("the service to end", || self.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        signal(self.pid, "-KILL");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(pid: u32, name: &str) -> bool {
    Command::new("kill").args([name, &pid.to_string()]).stderr(Stdio::null()).status().unwrap().success()
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[test]
fn systemd_hears_of_patience_readiness_life_and_the_end_in_this_order() {
    let systemd = Systemd::new();
    let (one, other) = (listener(), listener());
    let mut service = systemd.start_on([&one, &other], &[]);
    let first = systemd.next(DEADLINE).unwrap();
    assert!(first.contains("EXTEND_TIMEOUT_USEC=") && first.contains("STATUS=Checking"), "{first}");
    let ready = systemd.next(DEADLINE).unwrap();
    assert!(ready.contains("READY=1\n") && ready.contains("STATUS=Serving"), "{ready}");
    // At once: ready means that requests are answered.
    assert_eq!(Client::connect(one.local_addr().unwrap()).get("/health").status, 200);
    for _ in 0..3 {
        let alive = systemd.next(DEADLINE).unwrap();
        assert!(alive.contains("WATCHDOG=1\n") && alive.contains("STATUS=Serving"), "{alive}");
    }
    service.terminate();
    systemd.wait_for("STOPPING=1");
    assert!(service.wait_exit());
    assert_eq!(systemd.next(Duration::from_millis(1)), None, "the end is the last that is said");
}

#[test]
fn a_systemd_that_does_not_listen_holds_up_neither_sales_nor_the_end() {
    let systemd = Systemd::new();
    let one = listener();
    let mut service = systemd.start_on([&one, &listener()], &[]);
    let mut client = Client::connect(one.local_addr().unwrap());
    // The socket takes as many as the system lets wait; from then on each notice is in vain.
    wait_until("a notice to be dropped", || {
        client.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
        systemd.log().contains("could not be told")
    });
    client.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
    service.terminate();
    assert!(service.wait_exit());
}

#[test]
fn a_start_that_fails_says_why() {
    let systemd = Systemd::new();
    std::fs::write(systemd.dir.path().join("data"), "not a folder").unwrap();
    let mut service = systemd.start_on([&listener(), &listener()], &[]);
    assert!(!service.wait_exit());
    let status = systemd.wait_for("STATUS=/");
    assert!(status.contains("is a file and not a folder") && !status.contains("READY"), "{status}");
}

#[test]
fn several_sockets_of_systemd_are_served_and_no_others() {
    let systemd = Systemd::new();
    let (one, other, free) = (listener(), listener(), listener().local_addr().unwrap());
    let _service = systemd.start_on([&one, &other], &["--listen", &free.to_string()]);
    systemd.wait_for("READY=1");
    for own in [&one, &other] {
        assert_eq!(Client::connect(own.local_addr().unwrap()).get("/health").status, 200);
    }
    assert_eq!(TcpStream::connect(free).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

/// An address under which other devices would reach this machine.
fn own_address_on_the_network() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().unwrap().ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn other_devices_are_turned_away_at_a_socket_of_systemd_until_the_owner_lets_them_in() {
    let Some(ip) = own_address_on_the_network() else {
        return skip("this machine has no network");
    };
    let systemd = Systemd::new();
    let open = TcpListener::bind("0.0.0.0:0").unwrap();
    let here = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), open.local_addr().unwrap().port());
    let from_outside = SocketAddr::new(ip, here.port());
    let mut service = systemd.start_on([&open, &listener()], &[]);
    systemd.wait_for("READY=1");
    assert_eq!(Client::connect(here).get("/health").status, 200);
    let refusal = Client::connect(from_outside).get("/health").detail(403);
    assert!(refusal.contains("tillsync owner"), "{refusal}");
    service.terminate();
    assert!(service.wait_exit());

    let _service = systemd.start_on([&open, &listener()], &["--trust-lan"]);
    systemd.wait_for("READY=1");
    assert_eq!(Client::connect(from_outside).get("/health").status, 200);
}

#[test]
fn nobody_is_refused_and_nothing_lost_or_doubled_over_restarts_under_load() {
    const TILLS: usize = 4;
    const RESTARTS: usize = 5;
    let systemd = Systemd::new();
    let (one, other) = (listener(), listener());
    let addresses = [one.local_addr().unwrap(), other.local_addr().unwrap()];
    let started = Instant::now();
    let is_over = AtomicBool::new(false);
    let (sold, cut) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut service = systemd.start_on([&one, &other], &[]);
    thread::scope(|scope| {
        for till in 0..TILLS {
            let (is_over, sold, cut) = (&is_over, &sold, &cut);
            scope.spawn(move || {
                let body = samples::sale("Asha").to_string();
                let sell = |key: &str| {
                    let headers = [("Idempotency-Key", key)];
                    // A new connection each time; a refused one fails the test.
                    let mut client = Client::connect(addresses[till % 2]);
                    client.try_request("POST", "/api/orders/create-sale", &headers, Some(body.as_bytes()))
                };
                for number in 0.. {
                    while !sell(&format!("till {till} sale {number}")).is_ok_and(|reply| reply.status == 201) {
                        cut.fetch_add(1, Ordering::Relaxed);
                    }
                    sold.fetch_add(1, Ordering::Relaxed);
                    if is_over.load(Ordering::Relaxed) || started.elapsed() > 2 * DEADLINE {
                        break;
                    }
                }
            });
        }
        for _ in 0..RESTARTS {
            let before = sold.load(Ordering::Relaxed);
            wait_until("sales go on", || {
                systemd.drain();
                sold.load(Ordering::Relaxed) > before + 50
            });
            service.terminate();
            assert!(service.wait_exit(), "log:\n{}", systemd.log());
            service = systemd.start_on([&one, &other], &[]);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let orders = Client::connect(addresses[0]).get("/api/orders/orders-only").expect(200);
    let stored = orders["orders"]["count"].as_u64();
    assert_eq!(stored, Some(sold.load(Ordering::Relaxed) as u64));
    eprintln!("{} sales, each on a connection of its own; {} sent again", sold.into_inner(), cut.into_inner());
}

/// A service under `strace`, which attaches to it when told to and then holds up one kind of system call.
struct Held {
    systemd: Systemd,
    service: Service,
    addr: SocketAddr,
}

impl Held {
    fn start() -> Self {
        // `strace` is the parent, which may trace its child without any rights.
        const SCRIPT: &str = r#""$@" & echo $!; read -r call; exec strace -qq -f -o /dev/null -p $! \
            -e trace="$call" -e inject="$call:delay_enter=1000s""#;
        let systemd = Systemd::new();
        let mut child = systemd
            .command(SCRIPT, &["--listen", "127.0.0.1:0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let (mut pid, mut addr) = (None, None);
        while pid.is_none() || addr.is_none() {
            let line = lines.recv_timeout(DEADLINE).unwrap();
            match line.split("http://").nth(1) {
                Some(rest) => addr = rest.split('/').next().unwrap().parse().ok(),
                None => pid = line.parse().ok(),
            }
        }
        let service = Service { child, pid: pid.unwrap() };
        Self { systemd, service, addr: addr.unwrap() }
    }

    /// From now on this call does not come back.
    fn hold(&mut self, call: &str) {
        writeln!(self.service.child.stdin.as_mut().unwrap(), "{call}").unwrap();
        let status = format!("/proc/{}/status", self.service.pid);
        wait_until("strace to trace the server", || {
            assert!(self.service.child.try_wait().unwrap().is_none(), "log:\n{}", self.systemd.log());
            std::fs::read_to_string(&status)
                .unwrap()
                .lines()
                .any(|line| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0"))
        });
    }

    /// `strace` leaves, and the calls go on.
    fn let_go(&self) {
        assert!(signal(self.service.child.id(), "-INT"));
    }
}

#[test]
#[cfg_attr(missing = "strace", ignore = "strace is not installed")]
fn a_writer_that_hangs_on_its_disk_gives_no_sign_of_life() {
    let mut held = Held::start();
    held.hold("fdatasync");
    // Nothing is written yet, so nothing hangs.
    for _ in 0..3 {
        held.systemd.wait_for("WATCHDOG=1");
    }
    let addr = held.addr;
    let sale = thread::spawn(move || Client::connect(addr).post("/api/orders/create-sale", &samples::sale("Asha")));
    held.systemd.wait_for_silence();
    assert!(!sale.is_finished());
    // Reads and new connections work meanwhile: it is the writer alone that is missed.
    assert_eq!(Client::connect(addr).get("/health").status, 200);
    held.let_go();
    held.systemd.wait_for("WATCHDOG=1");
    assert_eq!(sale.join().unwrap().status, 201);
}

/// Promise 8: what large commands hold counts for as long as they wait, here for a disk that does not answer.
#[test]
#[cfg_attr(missing = "strace", ignore = "strace is not installed")]
fn what_waits_for_a_writer_that_hangs_stays_within_the_budget_for_large_bodies() {
    const CLIENTS: usize = 100;
    let mut held = Held::start();
    held.hold("fdatasync");
    let mut sale = samples::sale("Asha");
    sale["unknown"] = "x".repeat(1_000_000).into();
    let body = sale.to_string();
    let refused = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let reply =
                    Client::connect(held.addr).request("POST", "/api/orders/create-sale", &[], Some(body.as_bytes()));
                if reply.status == 503 {
                    assert_eq!(reply.header("Retry-After"), Some("2"), "{}", reply.text());
                    refused.fetch_add(1, Ordering::Relaxed);
                } else {
                    assert_eq!(reply.status, 201, "{}", reply.text());
                }
            });
        }
        wait_until("some are refused", || refused.load(Ordering::Relaxed) > 0);
        held.let_go();
    });
    let stored = Client::connect(held.addr).get("/api/orders/orders-only").expect(200)["orders"]["count"].as_u64();
    assert_eq!(stored, Some((CLIENTS - refused.into_inner()) as u64));
}

#[test]
#[cfg_attr(missing = "strace", ignore = "strace is not installed")]
fn an_accept_loop_that_hangs_gives_no_sign_of_life() {
    let mut held = Held::start();
    let mut client = Client::connect(held.addr);
    assert_eq!(client.get("/health").status, 200);
    held.hold("accept4");
    held.systemd.wait_for_silence();
    // Sales on an open connection go on meanwhile: it is the accept loop alone that is missed.
    client.post("/api/orders/create-sale", &samples::sale("Asha")).expect(201);
    held.let_go();
    held.systemd.wait_for("WATCHDOG=1");
}

#[test]
#[cfg_attr(missing = "systemd", ignore = "systemd-analyze is not installed")]
fn the_units_are_valid_and_let_the_program_do_no_more_than_it_needs() {
    let units = concat!(env!("CARGO_MANIFEST_DIR"), "/systemd");
    let dir = tempfile::tempdir().unwrap();
    let service = std::fs::read_to_string(format!("{units}/tillsync.service")).unwrap();
    assert!(service.contains("ExecStart=/usr/bin/tillsync\n"));
    std::fs::write(dir.path().join("tillsync.service"), service.replace("/usr/bin/tillsync", PROGRAM)).unwrap();
    std::fs::copy(format!("{units}/tillsync.socket"), dir.path().join("tillsync.socket")).unwrap();
    let analyze = |args: &[&str]| {
        let output = Command::new("systemd-analyze").args(args).current_dir(dir.path()).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{said}");
        said
    };
    let said = analyze(&["verify", "./tillsync.service", "./tillsync.socket"]);
    assert!(!said.contains("tillsync"), "{said}");
    analyze(&["security", "--no-pager", "--offline=true", "--threshold=15", "./tillsync.service"]);
}

#[test]
fn every_setting_of_the_units_says_why_it_is_there() {
    for unit in ["tillsync.service", "tillsync.socket"] {
        let text = std::fs::read_to_string(format!("{}/systemd/{unit}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[1].contains('=') && !pair[1].starts_with('#')) {
            assert!(pair[0].starts_with("# "), "{unit}: no reason above {}", pair[1]);
        }
    }
}

#[test]
fn the_settings_file_names_only_what_the_program_knows_and_sets_nothing_by_itself() {
    let help = Command::new(PROGRAM).args(["serve", "--help"]).output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    let settings = include_str!("../../../systemd/tillsync.default");
    assert!(settings.lines().all(|line| line.is_empty() || line.starts_with('#')));
    let names: Vec<&str> =
        settings.lines().filter_map(|line| line.strip_prefix("#TILLSYNC_")?.split('=').next()).collect();
    assert!(names.contains(&"TRUST_LAN"), "{names:?}");
    for name in names {
        assert!(help.contains(&format!("TILLSYNC_{name}=")), "TILLSYNC_{name} is not a setting");
    }
}
