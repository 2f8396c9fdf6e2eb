//! A value that is kept for a short time, so that clients cannot make the operator compute it all the time.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A value and when it was made.
#[derive(Debug)]
pub(super) struct Recent<T> {
    lasts: Duration,
    last: Mutex<Option<(Instant, T)>>,
}

impl<T: Clone> Recent<T> {
    /// Keeps a value for this long.
    pub(super) fn new(lasts: Duration) -> Self {
        Self { lasts, last: Mutex::default() }
    }

    /// Returns the kept value, or makes it. Callers at the same time wait for one of them to make it.
    pub(super) fn get(&self, make: impl FnOnce() -> T) -> T {
        let mut last = self.last.lock();
        if let Some((made, value)) = &*last
            && made.elapsed() < self.lasts
        {
            return value.clone();
        }
        let value = make();
        *last = Some((Instant::now(), value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_made_again_only_when_it_is_too_old() {
        let made = |lasts| {
            let (recent, mut made) = (Recent::new(lasts), 0);
            (0..100).for_each(|_| recent.get(|| made += 1));
            made
        };
        assert_eq!((made(Duration::from_secs(3600)), made(Duration::ZERO)), (1, 100));
    }
}
