//! Processor time and memory of the server's process, read from Linux's /proc. Elsewhere those files do not exist, and
//! the answer is "not known here".

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Knows where a process is described, if anywhere.
pub(crate) struct Meter {
    process: Option<PathBuf>,
}

impl Meter {
    /// A process of this machine.
    pub(crate) fn of_process(id: u32) -> Self {
        Self { process: Some(Path::new("/proc").join(id.to_string())) }
    }

    /// The process that listens at an address, if that is on this machine and the system shows it to us.
    pub(crate) fn of_listener(address: SocketAddr) -> Self {
        Self { process: address.ip().is_loopback().then(|| listening_process(address.port())).flatten() }
    }

    /// Processor time of all threads since they started, in nanoseconds. A thread that ends takes its time with it, so
    /// measure while the connections of the measurement are open.
    pub(crate) fn processor_ns(&self) -> Option<u64> {
        let threads = fs::read_dir(self.process.as_ref()?.join("task")).ok()?;
        let total = threads.flatten().filter_map(|thread| running_ns(&thread.path())).sum();
        (total > 0).then_some(total)
    }

    /// Memory in use by the process (resident), in bytes.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(self.process.as_ref()?.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib << 10)
    }
}

/// Processor time of the thread that asks, in nanoseconds.
pub(crate) fn own_thread_ns() -> Option<u64> {
    running_ns(Path::new("/proc/thread-self"))
}

/// Processor time in the system's ticks, by which the work of others on this machine is told from ours.
#[derive(Clone, Copy)]
pub(crate) struct Ticks {
    /// Of all cores, at work or not.
    possible: u64,
    /// Of these, at work or taken by the machine below a virtual one.
    busy: u64,
    /// Of these, for the load and the server.
    ours: u64,
}

impl Ticks {
    /// Since the system started.
    pub(crate) fn now(server: &Meter) -> Option<Self> {
        let own = process_ticks(Path::new("/proc/self"))?;
        let servers = process_ticks(server.process.as_ref()?)?;
        let (possible, busy) = machine_ticks(&fs::read_to_string("/proc/stat").ok()?)?;
        Some(Self { possible, busy, ours: own + servers })
    }

    /// Which part of the cores other programs took since `earlier`.
    pub(crate) fn others_percent(self, earlier: Self) -> Option<u64> {
        let ours = self.ours.saturating_sub(earlier.ours);
        let others = self.busy.saturating_sub(earlier.busy).saturating_sub(ours);
        (others * 100).checked_div(self.possible.saturating_sub(earlier.possible))
    }
}

/// All ticks and busy ticks from the first line of /proc/stat: user, nice, system, idle, waiting for disks, interrupts,
/// soft interrupts, stolen.
fn machine_ticks(stat: &str) -> Option<(u64, u64)> {
    let numbers = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
    let numbers: Vec<u64> = numbers.map_while(|number| number.parse().ok()).collect();
    let possible: u64 = numbers.iter().sum();
    Some((possible, possible - numbers.get(3)? - numbers.get(4)?))
}

/// User and system ticks of a process with all its threads, those that have ended too: fields 14 and 15 of its stat. The
/// second field is the program's name in brackets, which may hold anything.
fn process_ticks(process: &Path) -> Option<u64> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// The first number of a thread's schedstat: nanoseconds on a processor. A thread may have ended since it was listed.
fn running_ns(thread: &Path) -> Option<u64> {
    fs::read_to_string(thread.join("schedstat")).ok()?.split_whitespace().next()?.parse().ok()
}

/// From the port to the socket's inode, and from there to the process that holds it open.
fn listening_process(port: u16) -> Option<PathBuf> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening_inodes(&table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let processes = fs::read_dir("/proc").ok()?.flatten().filter(|entry| is_process(&entry.file_name()));
    processes.map(|entry| entry.path()).find(|process| has_open(process, &sockets))
}

/// Processes are the folders whose names are numbers.
fn is_process(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.parse::<u32>().is_ok())
}

/// Inodes of the sockets in state 0A (listening) on a port, from a table of `/proc/net`.
fn listening_inodes(table: &str, port: u16) -> Vec<String> {
    const LISTENING: &str = "0A";
    let ending = format!(":{port:04X}");
    table
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let is_here = fields.next()?.ends_with(&ending);
            let is_listening = fields.nth(1)? == LISTENING;
            let inode = fields.nth(5)?;
            (is_here && is_listening).then(|| inode.to_string())
        })
        .collect()
}

fn has_open(process: &Path, sockets: &[String]) -> bool {
    let Ok(files) = fs::read_dir(process.join("fd")) else { return false };
    files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listening_socket_of_a_port_is_found() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F40 0100007F:D2C4 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1
   2: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0";
        assert_eq!(listening_inodes(table, 8000), ["4711"]);
        assert!(listening_inodes(table, 80).is_empty());
    }

    #[test]
    fn the_work_of_others_is_what_is_neither_idle_nor_ours() {
        let (possible, busy) = machine_ticks("cpu  10 0 20 60 5 1 2 2 0 0\ncpu0 1 2 3\n").unwrap();
        assert_eq!((possible, busy), (100, 35));
        let earlier = Ticks { possible: 1_000, busy: 500, ours: 100 };
        let now = Ticks { possible: 1_200, busy: 600, ours: 150 };
        assert_eq!(now.others_percent(earlier), Some(25));
        assert_eq!(earlier.others_percent(earlier), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_finds_itself_by_its_listener() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let meter = Meter::of_listener(listener.local_addr().unwrap());
        assert_eq!(meter.process, Some(Path::new("/proc").join(std::process::id().to_string())));
        assert!(meter.resident_bytes().unwrap() > 1 << 20);
        assert!(meter.processor_ns().unwrap() > 0);
        assert!(Ticks::now(&meter).unwrap().possible > 0);
    }

    #[test]
    fn a_server_elsewhere_is_not_known() {
        let meter = Meter::of_listener(SocketAddr::from(([192, 0, 2, 1], 8000)));
        assert!(meter.process.is_none() && meter.processor_ns().is_none() && meter.resident_bytes().is_none());
    }
}
