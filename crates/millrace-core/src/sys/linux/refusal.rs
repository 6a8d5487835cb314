//! System calls that the system may refuse as a whole.

use std::io;

use rustix::io::Errno;

/// Whether the system has no such call or forbids it to this process. Then another way may work.
pub(super) fn is_refusal(error: Errno) -> bool {
    matches!(error, Errno::PERM | Errno::NOSYS | Errno::ACCESS)
}

/// Names a call that a sandbox forbids or an old kernel lacks. All other errors are clear by themselves.
pub(super) fn refused(call: &'static str) -> impl Fn(Errno) -> io::Error {
    move |error| {
        if !is_refusal(error) {
            return error.into();
        }
        let why =
            "a sandbox (seccomp) forbids the system call, or the kernel is older than Linux 5.4";
        io::Error::new(
            io::Error::from(error).kind(),
            format!("{call} was refused: {why} ({error})"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_call_is_named_and_other_errors_stay() {
        for errno in [Errno::PERM, Errno::NOSYS, Errno::ACCESS] {
            let error = refused("memfd_create")(errno);
            assert_eq!(error.kind(), io::Error::from(errno).kind());
            assert!(
                error.to_string().starts_with("memfd_create was refused: a sandbox"),
                "{error}"
            );
        }
        let full = refused("memfd_create")(Errno::MFILE);
        assert_eq!(full.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
    }
}
