//! Deletes what there is of a stream.

use journal::{AppendError, Journal, Position, Stored};
use runtime::unix_ms;
use timeline::{Claimant, Entry, Ledger, StreamName};
use tracing::info;

use super::{ArchiveError, Recordings};

/// What the journal says of whoever ends a stream to delete it.
const DELETED: &str = "the stream was deleted";
/// How often it is tried anew when somebody else appends meanwhile: each time another publisher
/// came, and whoever deletes a stream sees to it first that none is let in.
const ATTEMPTS: u32 = 8;

impl Recordings {
    /// Deletes what there is of a stream. Its publication loses the stream, wherever it is; nothing
    /// of it is listed any more, and the janitor deletes the objects. Recordings and clips, and
    /// what they need, stay unless they are to go as well. A broadcast that was to be recorded
    /// becomes a recording then: this is asked for while the stream's settings are still known.
    ///
    /// The journal keeps its newest entries: a stream of the same name that is made later goes on
    /// behind them, so that no URL is ever used twice.
    ///
    /// # Errors
    ///
    /// When some of it may still be there; to try again does no harm.
    pub async fn delete_stream(
        &self,
        stream: &StreamName,
        with_recordings: bool,
    ) -> Result<(), ArchiveError> {
        if self.expire_all(stream, !with_recordings).await? {
            info!(stream.name = %stream, "deleted `{stream}`");
        }
        if with_recordings {
            // Whoever makes one from now on reads in the journal that it is too late.
            for record in self.all(stream).await? {
                if record.deleted_ms.is_none() {
                    self.delete(&record.id).await?;
                }
            }
        }
        Ok(())
    }

    /// Takes a stream from whoever owns it, ends it, and says that the time of all of it is over.
    /// `false` if there is no such stream.
    async fn expire_all(
        &self,
        stream: &StreamName,
        may_record: bool,
    ) -> Result<bool, ArchiveError> {
        let mut attempt = 0;
        loop {
            let Some(newest) = self.journal.newest(stream).await? else { return Ok(false) };
            attempt += 1;
            match self.try_expire_all(stream, newest, may_record).await {
                Err(ArchiveError::Append(AppendError::Stale { .. })) if attempt < ATTEMPTS => {}
                done => return done.map(|()| true),
            }
        }
    }

    async fn try_expire_all(
        &self,
        stream: &StreamName,
        newest: Stored,
        may_record: bool,
    ) -> Result<(), ArchiveError> {
        let journal = self.journal.as_ref();
        let claimant = Claimant { node: DELETED.to_owned(), origin_url: None };
        let (mut ledger, opened) = Ledger::claim(Some(&newest.entry), claimant, unix_ms());
        let opened = append(journal, stream, newest.position, opened).await?;
        let ended = ledger.ended(DELETED, unix_ms());
        let ended = append(journal, stream, opened.position, ended).await?;
        if may_record {
            self.record(stream, &ended).await?;
        }
        let before = ended.entry.head.next_sequence;
        let expired = Ledger::expired(&ended.entry, before, unix_ms());
        append(journal, stream, ended.position, expired).await?;
        Ok(())
    }
}

async fn append(
    journal: &dyn Journal,
    stream: &StreamName,
    after: Position,
    entry: Entry,
) -> Result<Stored, AppendError> {
    let position = journal.append(stream, after, &entry).await?;
    Ok(Stored { position, entry: entry.into() })
}
