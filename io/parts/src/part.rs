//! A part that is made and read at the same time.

use std::sync::Arc;

use bytes::Bytes;
use timeline::MediaKey;
use tokio::sync::{mpsc, watch};

use crate::{PartError, PartFlow};

/// Pieces that wait for one reader. A reader that is slower than the encoder waits in its own queue
/// and holds nobody up: the pieces beyond these stay with the part, which all its readers share.
const FLOW_PIECES_MAX: usize = 4;

/// A part while it is made. Clones share it, and so do its readers: no byte is copied.
///
/// ```text
///            grow                complete
///   Awaited ──────▶ Growing ───────────────▶ Whole
///      │  │            │ give_up, refuse
///      │  └────────────┴───────────────────▶ GivenUp
///      └─ refuse ──────────────────────────▶ Refused
/// ```
#[derive(Clone, Debug, Default)]
pub struct Making(watch::Sender<Growing>);

/// A reader of a part, which misses nothing of it from when it was made.
#[derive(Debug)]
pub struct Reading {
    key: MediaKey,
    part: watch::Receiver<Growing>,
}

/// Why a part does not begin.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// It is not the next one any more, or never was.
    NotFound,
    /// Its making was given up.
    GivenUp,
    /// Its owner does not answer, for this reason.
    Unavailable(Arc<str>),
}

/// A part's bytes so far. Pieces are added at the end; all of them become one when it is whole.
#[derive(Debug, Default)]
struct Growing {
    pieces: Vec<Bytes>,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Awaited,
    Growing,
    Whole(Bytes),
    GivenUp,
    Refused(Refusal),
}

impl Making {
    /// Adds bytes, or begins the part. What is over takes none.
    pub fn grow(&self, bytes: Bytes) {
        self.0.send_if_modified(|growing| {
            let goes_on = growing.state.is_open();
            if goes_on {
                growing.pieces.push(bytes);
                growing.state = State::Growing;
            }
            goes_on
        });
    }

    /// Says that the part is whole: all its bytes, in one piece. Who has read some of them already
    /// takes the rest of the one. Said again of the same bytes at another place, they are kept
    /// there.
    pub fn complete(&self, bytes: Bytes) {
        self.0.send_if_modified(|growing| match &mut growing.state {
            State::Whole(known) if known.len() == bytes.len() => {
                *known = bytes;
                false
            }
            State::Awaited
            | State::Growing
            | State::Whole(_)
            | State::GivenUp
            | State::Refused(_) => growing.end(State::Whole(bytes)),
        });
    }

    /// Says that nothing more will come. A part that is whole stays so.
    pub fn give_up(&self) {
        self.0.send_if_modified(|growing| growing.end(State::GivenUp));
    }

    /// Says that the part does not begin. One that has begun is given up.
    pub fn refuse(&self, why: Refusal) {
        self.0.send_if_modified(|growing| match growing.state {
            State::Awaited => growing.end(State::Refused(why)),
            State::Growing => growing.end(State::GivenUp),
            State::Whole(_) | State::GivenUp | State::Refused(_) => false,
        });
    }

    /// Whether the part has begun.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        !matches!(self.0.borrow().state, State::Awaited)
    }

    /// A reader, who calls the part `key` in errors.
    #[must_use]
    pub fn read(&self, key: &MediaKey) -> Reading {
        Reading { key: key.clone(), part: self.0.subscribe() }
    }

    /// Whether anybody reads the part.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Waits until nobody reads the part. Cancel safe.
    pub async fn unread(&self) {
        self.0.closed().await;
    }
}

impl Reading {
    /// The part's bytes as they are made. Waits until it begins: say yourself for how long.
    ///
    /// # Errors
    ///
    /// When it does not begin.
    pub async fn flow(mut self) -> Result<PartFlow, PartError> {
        self.wait(|state| !matches!(state, State::Awaited)).await?;
        let (sender, flow) = mpsc::channel(FLOW_PIECES_MAX);
        let mut taken = Taken::default();
        let step = self.step(&mut taken);
        match step {
            // There is room for one piece, so nobody has to wait for the reader.
            Step { rest, end: End::Whole } if rest.len() <= FLOW_PIECES_MAX => {
                rest.into_iter().for_each(|piece| drop(sender.try_send(Ok(piece))));
            }
            first => drop(tokio::spawn(self.pump(first, taken, sender))),
        }
        Ok(flow)
    }

    /// All bytes of the part, once it is whole.
    ///
    /// # Errors
    ///
    /// When it does not begin, or is given up.
    pub async fn whole(mut self) -> Result<Bytes, PartError> {
        self.wait(|state| !state.is_open()).await?;
        match &self.part.borrow().state {
            State::Whole(bytes) => Ok(bytes.clone()),
            State::Awaited | State::Growing | State::GivenUp | State::Refused(_) => {
                Err(PartError::GivenUp(self.key.clone()))
            }
        }
    }

    /// Waits for a state, and tells why there will be nothing.
    async fn wait(&mut self, is_it: impl Fn(&State) -> bool) -> Result<(), PartError> {
        let Ok(growing) = self.part.wait_for(|growing| is_it(&growing.state)).await else {
            // Whoever would have made it forgot it.
            return Err(PartError::NotFound(self.key.clone()));
        };
        let State::Refused(why) = &growing.state else {
            let is_nothing = matches!(growing.state, State::GivenUp) && growing.pieces.is_empty();
            let given_up = || PartError::GivenUp(self.key.clone());
            return if is_nothing { Err(given_up()) } else { Ok(()) };
        };
        Err(match why {
            Refusal::NotFound => PartError::NotFound(self.key.clone()),
            Refusal::GivenUp => PartError::GivenUp(self.key.clone()),
            Refusal::Unavailable(reason) => PartError::Unavailable(reason.to_string().into()),
        })
    }

    /// Hands over what is there, and what comes, until the end or until nobody takes it.
    async fn pump(
        mut self,
        first: Step,
        mut taken: Taken,
        sender: mpsc::Sender<Result<Bytes, PartError>>,
    ) {
        let mut step = first;
        loop {
            for piece in step.rest {
                if sender.send(Ok(piece)).await.is_err() {
                    return;
                }
            }
            let goes_on = match step.end {
                End::Whole => return,
                End::GivenUp => false,
                End::NotYet => tokio::select! {
                    changed = self.part.changed() => changed.is_ok(),
                    () = sender.closed() => return,
                },
            };
            if !goes_on {
                drop(sender.send(Err(PartError::GivenUp(self.key))).await);
                return;
            }
            step = self.step(&mut taken);
        }
    }

    /// What came since the last look.
    fn step(&mut self, taken: &mut Taken) -> Step {
        let growing = self.part.borrow_and_update();
        let (rest, end) = match &growing.state {
            State::Whole(bytes) => {
                let rest = bytes.slice(taken.bytes.min(bytes.len())..);
                (Vec::from_iter((!rest.is_empty()).then_some(rest)), End::Whole)
            }
            State::Awaited | State::Growing => (taken.new_of(&growing.pieces), End::NotYet),
            State::GivenUp | State::Refused(_) => (taken.new_of(&growing.pieces), End::GivenUp),
        };
        Step { rest, end }
    }
}

/// How much a reader has taken.
#[derive(Debug, Default)]
struct Taken {
    pieces: usize,
    bytes: usize,
}

/// What a reader gets at one look.
struct Step {
    rest: Vec<Bytes>,
    end: End,
}

enum End {
    NotYet,
    Whole,
    GivenUp,
}

impl Taken {
    fn new_of(&mut self, pieces: &[Bytes]) -> Vec<Bytes> {
        let new = pieces.get(self.pieces..).unwrap_or_default().to_vec();
        self.pieces = pieces.len();
        self.bytes = new.iter().map(Bytes::len).fold(self.bytes, usize::saturating_add);
        new
    }
}

impl Growing {
    /// Ends the part, if it has not ended yet.
    fn end(&mut self, end: State) -> bool {
        let ends = self.state.is_open();
        if ends {
            if matches!(end, State::Whole(_)) {
                self.pieces = Vec::new();
            }
            self.state = end;
        }
        ends
    }
}

impl State {
    const fn is_open(&self) -> bool {
        matches!(self, Self::Awaited | Self::Growing)
    }
}
