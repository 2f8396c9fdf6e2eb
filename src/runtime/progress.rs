//! Whether the work goes on. A process whose work has stopped must neither look healthy nor keep the lease.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Longer than the watch can do nothing: it waits for the API server and before a repetition, and all of this is bounded.
const LONGEST_REST: Duration = Duration::from_secs(600);
/// Far longer than a pass takes, whose calls are all bounded.
const LONGEST_PASS: Duration = Duration::from_secs(900);

/// The signs of life of the watch and of the passes.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Option<Work>>);

#[derive(Debug)]
struct Work {
    /// When the watch last sent a request, received something, or gave up.
    watched: Instant,
    /// The number of passes that can run at the same time.
    slots: usize,
    running: usize,
    /// When a pass last began or ended.
    passed: Instant,
}

impl Progress {
    /// Expects work from now on, with this number of concurrent passes.
    pub(super) fn begin(&self, slots: usize) {
        let now = Instant::now();
        *self.0.lock() = Some(Work { watched: now, slots, running: 0, passed: now });
    }

    /// Records that the watch does something.
    pub(super) fn watched(&self) {
        if let Some(work) = &mut *self.0.lock() {
            work.watched = Instant::now();
        }
    }

    /// Records that a pass runs until the returned value is dropped.
    pub(super) fn pass(&self) -> RunningPass<'_> {
        self.count(|running| running + 1);
        RunningPass(self)
    }

    fn count(&self, count: impl FnOnce(usize) -> usize) {
        if let Some(work) = &mut *self.0.lock() {
            (work.running, work.passed) = (count(work.running), Instant::now());
        }
    }

    /// Returns what has stopped, if the work does not go on.
    pub(super) fn stalled(&self) -> Option<String> {
        let work = self.0.lock();
        let Work { watched, slots, running, passed } = work.as_ref()?;
        let (watched, passed) = (watched.elapsed(), passed.elapsed());
        if watched > LONGEST_REST {
            Some(format!("the watch of ConnectUsers has done nothing for {} s", watched.as_secs()))
        } else if running >= slots && passed > LONGEST_PASS {
            Some(format!("{running} passes run, and none has ended for {} s", passed.as_secs()))
        } else {
            None
        }
    }
}

/// A pass that runs.
#[derive(Debug)]
pub(super) struct RunningPass<'a>(&'a Progress);

impl Drop for RunningPass<'_> {
    fn drop(&mut self) {
        self.0.count(|running| running.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn watch_that_does_nothing_is_a_stall() {
        let progress = Progress::default();
        advance(LONGEST_REST * 2).await;
        assert_eq!(progress.stalled(), None, "a replica that stands by has no work");
        progress.begin(1);
        advance(LONGEST_REST).await;
        assert_eq!(progress.stalled(), None);
        progress.watched();
        advance(LONGEST_REST + Duration::from_secs(1)).await;
        assert_eq!(progress.stalled().unwrap(), "the watch of ConnectUsers has done nothing for 601 s");
    }

    #[tokio::test(start_paused = true)]
    async fn passes_of_which_none_ends_are_a_stall() {
        let progress = Progress::default();
        progress.begin(2);
        let wait = async || {
            advance(LONGEST_PASS + Duration::from_secs(1)).await;
            progress.watched();
            progress.stalled()
        };
        let one = progress.pass();
        assert_eq!(wait().await, None, "there is room for another");
        let two = progress.pass();
        assert_eq!(progress.stalled(), None);
        assert_eq!(wait().await.unwrap(), "2 passes run, and none has ended for 901 s");
        drop(two);
        assert_eq!(wait().await, None);
        drop(one);
        assert_eq!(wait().await, None);
    }
}
