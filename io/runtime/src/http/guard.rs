//! Deadlines around a socket: a peer that is slow on purpose is hung up on, a viewer on a slow
//! line is not.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::HttpLimits;

/// A socket with deadlines.
///
/// ```text
///              a byte                    service called
///   Idle ──────────────────▶ Head ──────────────────────▶ Busy
///    ▲  idle_time_max         │ head_time_max              │ no deadline: the answer may have
///    │  since last byte out   ▼ since its first byte       │ to wait for the next segment
///    │                       error                         │
///    └─────────────────────────────────────────────────────┘
///                        response handed over
/// ```
///
/// A new connection starts in `Head`: one that sends nothing goes sooner than an idle one.
/// Writing has a deadline of its own, which every byte that the peer takes moves.
#[derive(Debug)]
pub(super) struct Guarded<I> {
    io: I,
    turns: Arc<Turns>,
    limits: HttpLimits,
    phase: Phase,
    turns_seen: u64,
    read: Deadline,
    write: Deadline,
}

/// What the service says to the socket below it.
#[derive(Debug, Default)]
pub(super) struct Turns {
    begun: AtomicU64,
    busy: AtomicUsize,
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<Turns>);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Idle,
    Head,
    Busy,
}

/// A moment, and the timer that wakes for it. The timer is left alone while the moment moves away,
/// which it does with every request; it looks again when it fires.
#[derive(Debug, Default)]
struct Deadline {
    at: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<I> Guarded<I> {
    pub(super) fn new(io: I, turns: Arc<Turns>, limits: HttpLimits) -> Self {
        let mut read = Deadline::default();
        read.set(Instant::now() + limits.head_time_max);
        let write = Deadline::default();
        Self { io, turns, limits, phase: Phase::Head, turns_seen: 0, read, write }
    }

    /// Learns what the service did since the last look.
    fn look(&mut self) {
        let begun = self.turns.begun.load(Ordering::Acquire);
        if self.turns.busy.load(Ordering::Acquire) > 0 {
            self.phase = Phase::Busy;
        } else if self.phase == Phase::Busy || begun != self.turns_seen {
            self.phase = Phase::Idle;
            self.read.set(Instant::now() + self.limits.idle_time_max);
        }
        self.turns_seen = begun;
    }

    /// Judges a write, flush or shutdown.
    fn wrote<T>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.write.at = None;
            self.look();
            // hyper need not look at the reading side again, so its timer is set here.
            if self.phase == Phase::Idle && self.read.poll(context).is_ready() {
                context.waker().wake_by_ref();
            }
            return outcome;
        }
        if self.write.at.is_none() {
            self.write.set(Instant::now() + self.limits.write_stall_max);
        }
        ready!(self.write.poll(context));
        Poll::Ready(Err(timed_out("the peer takes nothing of what is sent")))
    }

    /// Judges a write. While the peer takes bytes, a connection is not idle.
    fn sent(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.phase == Phase::Idle && matches!(outcome, Poll::Ready(Ok(1..))) {
            self.read.set(Instant::now() + self.limits.idle_time_max);
        }
        self.wrote(context, outcome)
    }
}

impl Turns {
    /// A request goes to the service.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        self.begun.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(self))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Deadline {
    fn set(&mut self, at: Instant) {
        self.at = Some(at);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        ready!(timer.as_mut().poll(context));
        if timer.deadline() < at {
            timer.as_mut().reset(at);
            ready!(timer.as_mut().poll(context));
        }
        Poll::Ready(())
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Guarded<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.io).poll_read(context, buffer);
        self.look();
        if outcome.is_ready() {
            if self.phase == Phase::Idle && buffer.filled().len() > before {
                self.phase = Phase::Head;
                let deadline = Instant::now() + self.limits.head_time_max;
                self.read.set(deadline);
            }
            return outcome;
        }
        ready!(self.read.poll(context));
        match self.phase {
            // As if the peer had hung up, which it may do at any time between two requests.
            Phase::Idle => Poll::Ready(Ok(())),
            Phase::Head => Poll::Ready(Err(timed_out("the request does not come to its end"))),
            Phase::Busy => Poll::Pending,
        }
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Guarded<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(context, bytes);
        self.sent(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.sent(context, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_flush(context);
        self.wrote(context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.io).poll_shutdown(context);
        self.wrote(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

fn timed_out(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, reason)
}
