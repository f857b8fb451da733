//! Names the machine: processor, cores, system, file system, as far as it says.

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use super::report::Machine;

/// This machine, of which others took a part during the run.
pub(crate) fn describe(taken_by_others_percent: Option<u64>) -> Machine {
    Machine {
        processor: board().or_else(processor),
        cores: available_parallelism().map_or(1, usize::from),
        system: system(),
        taken_by_others_percent,
    }
}

/// A small computer's own name, such as `Raspberry Pi 4 Model B Rev 1.4`.
fn board() -> Option<String> {
    let name = fs::read_to_string("/proc/device-tree/model").ok()?;
    Some(name.trim_end_matches('\0').trim().to_string()).filter(|name| !name.is_empty())
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_string())
}

/// Such as `Debian GNU/Linux 12 (bookworm), kernel 6.1.0, x86_64`.
fn system() -> String {
    let name = distribution().unwrap_or_else(|| std::env::consts::OS.to_string());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok();
    let kernel = kernel.map(|release| format!(", kernel {}", release.trim())).unwrap_or_default();
    format!("{name}{kernel}, {}", std::env::consts::ARCH)
}

fn distribution() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim_matches('"').to_string())
}

/// The kind of file system that a folder is on: durable creates on `tmpfs` say nothing.
pub(crate) fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    kind_of_mount(&fs::read_to_string("/proc/mounts").ok()?, &folder)
}

/// The kind of the longest mount point above a folder. Lines are: device, mount point, kind, options.
fn kind_of_mount(mounts: &str, folder: &Path) -> Option<String> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(point, _)| folder.starts_with(point))
        // Of equal points the last one lies on top.
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_point_counts() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/disk xfs rw 0 0\n";
        assert_eq!(kind_of_mount(mounts, Path::new("/tmp/one")).as_deref(), Some("tmpfs"));
        assert_eq!(kind_of_mount(mounts, Path::new("/tmp/disk/one")).as_deref(), Some("xfs"));
        assert_eq!(kind_of_mount(mounts, Path::new("/tmpfile")).as_deref(), Some("ext4"));
        assert_eq!(kind_of_mount("", Path::new("/tmp")), None);
    }

    #[test]
    fn this_machine_has_a_name() {
        let machine = describe(None);
        assert!(machine.cores >= 1 && !machine.system.is_empty());
    }
}
