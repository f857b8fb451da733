//! The address of a listening socket belongs to it alone. On Unix a second listener is refused in any case. On Windows another
//! program of the same user could take the port over, unless `SO_EXCLUSIVEADDRUSE` is set; no library does so safely, so this file
//! has the only unsafe code of the program, and Windows alone compiles it.

use std::io;

use socket2::Socket;

/// Has the system keep the address for this socket, before it is bound: no other takes it meanwhile, and the next start of the
/// server has it back at once.
#[cfg(not(windows))]
pub fn claim_address(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_address(true)
}

/// Has the system keep the address for this socket, before it is bound. As long as connections of an earlier server there come to
/// their ends, Windows refuses to.
#[cfg(windows)]
#[allow(unsafe_code, reason = "a socket option that no library sets safely")]
pub fn claim_address(socket: &Socket) -> io::Result<()> {
    use std::os::windows::io::AsRawSocket;

    use windows_sys::Win32::Networking::WinSock::{SO_EXCLUSIVEADDRUSE, SOL_SOCKET, setsockopt};

    const IS_WANTED: [u8; 4] = 1_i32.to_ne_bytes();
    let handle = usize::try_from(socket.as_raw_socket()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the handle is that of an open socket for as long as it is borrowed, and the option's value is the four bytes of an
    // int, which the call reads and does not keep.
    let failed = unsafe { setsockopt(handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, IS_WANTED.as_ptr(), 4) } != 0;
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}
