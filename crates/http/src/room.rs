//! How much of all answers is in memory at once, whatever servers send and however many of them.
//!
//! Bodies are bounded one by one, which says nothing about thirty of them side by side. So what is read beyond the first
//! [`UNCOUNTED`] bytes of each needs room: all of it together has [`COUNTED`] bytes. Who finds none left waits, and of those
//! who wait one at a time has its turn: it goes on to its own limit. What others hold meanwhile is no more than before, and the
//! one whose turn it is never waits, so all get on in the end. Large answers take longer then, small ones do not.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Bytes of each body that need no room: most answers are no longer. With 32 requests under way that is 2 MiB.
const UNCOUNTED: usize = 64 << 10;
/// Bytes that all bodies together may hold beyond that: five to fifty large index pages. Beside the one whose turn it is
/// (32 MiB) and what is made of it, a process stays below 100 MB.
const COUNTED: usize = 4 << 20;
/// Room is taken in steps of so many bytes.
const STEP: usize = 64 << 10;

/// The room of this process.
static ROOM: std::sync::LazyLock<Room> = std::sync::LazyLock::new(|| Room::new(COUNTED / STEP));

tokio::task_local! {
    /// What the work under way holds.
    static HELD: Arc<Held>;
}

struct Room {
    counted: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

impl Room {
    fn new(steps: usize) -> Self {
        Self {
            counted: Arc::new(Semaphore::new(steps)),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

/// What a piece of work holds until it is done.
#[derive(Default)]
struct Held {
    /// Locked while it waits, so that of two bodies of one piece of work only one does.
    places: tokio::sync::Mutex<Places>,
}

#[derive(Default)]
struct Places {
    counted: Option<OwnedSemaphorePermit>,
    turn: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// Waits for room, or for its turn, whichever comes first.
    async fn wait(&mut self, room: &Room, steps: u32) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            Ok(counted) = Arc::clone(&room.counted).acquire_many_owned(steps) => Some(counted),
            Ok(turn) = Arc::clone(&room.turn).acquire_owned() => {
                self.turn = Some(turn);
                None
            }
            // Nobody closes them.
            else => None,
        }
    }

    fn add(&mut self, more: Option<OwnedSemaphorePermit>) {
        match (&mut self.counted, more) {
            (Some(counted), Some(more)) => counted.merge(more),
            (None, more) => self.counted = more,
            (Some(_), None) => {}
        }
    }
}

/// Runs work that reads answers and keeps them in memory, or what it makes of them, until it is done: an index page and its
/// parsing, the search for a file's evidence. The room that its answers take is given back at the end.
///
/// Without it the room of an answer is given back as soon as it is read. Within other such work it changes nothing. Work that
/// is spawned as a task of its own is not part of it.
pub async fn with_room<T>(work: impl Future<Output = T>) -> T {
    if HELD.try_with(|_| ()).is_ok() {
        return work.await;
    }
    HELD.scope(Arc::default(), work).await
}

/// The room of one body, as it grows.
pub(crate) struct Growth<'a> {
    held: Arc<Held>,
    pauses: &'a Pauses,
    /// The request's place among those that are under way.
    slot: Option<SemaphorePermit<'a>>,
    /// Bytes that need no more room.
    covered: usize,
}

impl<'a> Growth<'a> {
    pub(crate) fn new(pauses: &'a Pauses) -> Self {
        Self {
            held: HELD.try_with(Arc::clone).unwrap_or_default(),
            pauses,
            slot: None,
            covered: UNCOUNTED,
        }
    }

    /// The same for a request that gives up its place when it has to wait: what it waits for may need one.
    pub(crate) fn of_request(pauses: &'a Pauses, slot: SemaphorePermit<'a>) -> Self {
        Self {
            slot: Some(slot),
            ..Self::new(pauses)
        }
    }

    /// Waits until there is room for a body of `bytes` bytes.
    pub(crate) async fn to(&mut self, bytes: usize) {
        self.within(&ROOM, bytes).await;
    }

    async fn within(&mut self, room: &Room, bytes: usize) {
        let Some(missing) = bytes.checked_sub(self.covered).filter(|missing| *missing > 0) else {
            return;
        };
        let steps = missing.div_ceil(STEP);
        let _pause = self.pauses.begin();
        let mut places = if let Ok(places) = self.held.places.try_lock() {
            places
        } else {
            self.slot = None;
            self.held.places.lock().await
        };
        if places.turn.is_none() {
            let few = u32::try_from(steps).unwrap_or(u32::MAX);
            let counted = if let Ok(counted) = Arc::clone(&room.counted).try_acquire_many_owned(few) {
                Some(counted)
            } else {
                self.slot = None;
                places.wait(room, few).await
            };
            places.add(counted);
        }
        self.covered = self.covered.saturating_add(steps * STEP);
    }
}

/// The time that an exchange has waited for room, which is not the server's fault.
#[derive(Default)]
pub(crate) struct Pauses(Mutex<Paused>);

#[derive(Default)]
struct Paused {
    since: Option<Instant>,
    total: Duration,
}

struct Pause<'a>(&'a Pauses);

impl Pauses {
    fn begin(&self) -> Pause<'_> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).since = Some(Instant::now());
        Pause(self)
    }

    /// The time since it was asked last, and a moment more where a pause is under way.
    fn take(&self) -> Duration {
        let mut paused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let under_way = paused.since.map_or(Duration::ZERO, |since| now.duration_since(since));
        if paused.since.is_some() {
            paused.since = Some(now);
        }
        std::mem::take(&mut paused.total) + under_way
    }

    /// Runs an exchange for no longer than `after`, without its pauses.
    pub(crate) async fn timeout<T>(&self, after: Duration, exchange: impl Future<Output = T>) -> Option<T> {
        let mut exchange = std::pin::pin!(exchange);
        let mut left = after;
        loop {
            match tokio::time::timeout(left, &mut exchange).await {
                Ok(done) => return Some(done),
                Err(_) => left = self.take(),
            }
            if left.is_zero() {
                return None;
            }
        }
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut paused = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = paused.since.take() {
            paused.total += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grows a body to so many bytes beyond what is not counted, one step after the other, and holds it for a while.
    async fn body(room: &Room, bytes: usize, hold: Duration) {
        let pauses = Pauses::default();
        let mut growth = Growth::new(&pauses);
        for size in (0..=UNCOUNTED + bytes).step_by(STEP / 2) {
            growth.within(room, size).await;
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(hold).await;
    }

    #[tokio::test]
    async fn bodies_that_are_larger_than_the_room_are_all_read_in_the_end() {
        let room = Room::new(4);
        let hold = Duration::from_millis(1);
        let bodies = (0..40).map(|number| with_room(body(&room, number * STEP / 2, hold)));
        tokio::time::timeout(Duration::from_secs(20), futures_util::future::join_all(bodies))
            .await
            .expect("nobody waits for ever");
        assert_eq!(
            (room.counted.available_permits(), room.turn.available_permits()),
            (4, 1)
        );
    }

    #[tokio::test]
    async fn what_is_read_keeps_its_room_until_the_work_is_done() {
        let room = Room::new(4);
        with_room(async {
            body(&room, 3 * STEP, Duration::ZERO).await;
            assert_eq!(room.counted.available_permits(), 1);
            // Of two bodies of one piece of work that need more than there is, neither waits for the other.
            let (one, two) = (
                body(&room, 9 * STEP, Duration::ZERO),
                body(&room, 9 * STEP, Duration::ZERO),
            );
            with_room(async { tokio::join!(one, two) }).await;
            assert_eq!(room.turn.available_permits(), 0);
            // Small ones go on meanwhile.
            let small = tokio::time::timeout(Duration::from_secs(5), async {
                Growth::new(&Pauses::default()).within(&room, UNCOUNTED).await;
            });
            small.await.expect("no room is needed");
        })
        .await;
        assert_eq!(
            (room.counted.available_permits(), room.turn.available_permits()),
            (4, 1)
        );
    }

    #[tokio::test]
    async fn work_that_is_given_up_gives_its_room_back() {
        let room = Room::new(4);
        let endless = with_room(body(&room, 100 * STEP, Duration::from_mins(10)));
        tokio::time::timeout(Duration::from_millis(50), endless)
            .await
            .unwrap_err();
        assert_eq!(
            (room.counted.available_permits(), room.turn.available_permits()),
            (4, 1)
        );
    }

    #[tokio::test]
    async fn waiting_for_room_is_not_the_servers_time() {
        let pauses = Pauses::default();
        let moment = Duration::from_millis(20);
        let waiting = async {
            let _pause = pauses.begin();
            tokio::time::sleep(5 * moment).await;
        };
        assert!(pauses.timeout(moment, waiting).await.is_some());
        assert!(pauses.timeout(moment, tokio::time::sleep(50 * moment)).await.is_none());
    }
}
