//! The only listener to signals: who wants us to leave, and which signal is not meant for us.

/// Returns when somebody wants us to leave; signals count from the call on.
#[cfg(unix)]
pub fn stopped() -> impl Future<Output = ()> {
    use futures_util::stream::{FuturesUnordered, StreamExt as _};
    use tokio::signal::unix::{SignalKind, signal};
    let hang_up = (!is_hang_up_ignored()).then(SignalKind::hangup);
    let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
    let signals: Vec<_> = kinds
        .into_iter()
        .chain(hang_up)
        .filter_map(|kind| signal(kind).ok())
        .collect();
    async {
        let received = signals
            .into_iter()
            .map(|mut signal| async move { signal.recv().await });
        received.collect::<FuturesUnordered<_>>().next().await;
    }
}

#[cfg(not(unix))]
pub async fn stopped() {
    let _ = tokio::signal::ctrl_c().await;
}

/// From now on we are asked to leave when whoever started us is gone: nobody could ask us any more.
/// `starter`: the process that says of itself that it started us, which may be gone before we could look.
#[cfg(target_os = "linux")]
pub fn leave_with_parent(starter: Option<i32>) {
    use rustix::process::{Signal, getpid, getppid, kill_process, set_parent_process_death_signal};
    let parent = getppid();
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    if getppid() != parent || is_gone(starter) {
        let _ = kill_process(getpid(), Signal::TERM);
    }
}

/// Elsewhere it is looked for now and then.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn leave_with_parent(starter: Option<i32>) {
    use rustix::process::{Signal, getpid, getppid, kill_process};
    let parent = getppid();
    std::thread::spawn(move || {
        while getppid() == parent && !is_gone(starter) {
            std::thread::park_timeout(std::time::Duration::from_secs(5));
        }
        let _ = kill_process(getpid(), Signal::TERM);
    });
}

/// Windows ends a console's processes by itself.
#[cfg(not(unix))]
pub fn leave_with_parent(_: Option<i32>) {}

/// Whether there is no such process, or it is dead and its own parent has yet to notice; one of somebody
/// else's is there. Only Linux tells of the dead.
#[cfg(unix)]
fn is_gone(process: Option<i32>) -> bool {
    use rustix::{
        io::Errno,
        process::{Pid, test_kill_process},
    };
    let Some(process) = process.and_then(Pid::from_raw) else {
        return false;
    };
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let is_dead = stat
        .rsplit_once(") ")
        .is_some_and(|(_, state)| state.starts_with(['Z', 'X']));
    is_dead || test_kill_process(process) == Err(Errno::SRCH)
}

/// Whether we were started under nohup: then a hang-up is not meant for us. Only Linux tells.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}
