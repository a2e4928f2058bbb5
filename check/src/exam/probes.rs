//! Requests that are made only to see how they are answered, beside the plain ones.

use std::pin::pin;

use super::desk::Desk;
use crate::probe;
use crate::rule::Test;

/// Makes them while `exam` goes on, as soon as there is a segment to make them about. Where none
/// came they are made about what there is.
pub(super) async fn beside<T>(desk: &Desk, exam: impl Future<Output = T>) -> T {
    let mut exam = pin!(exam);
    tokio::select! {
        ended = &mut exam => {
            ask(desk).await;
            return ended;
        }
        () = desk.begun() => {}
    }
    tokio::join!(exam, ask(desk)).0
}

/// Makes them about what there is.
async fn ask(desk: &Desk) {
    if desk.is_stopped() {
        return;
    }
    let subjects = desk.noted().subjects.clone();
    let planned = probe::plan(&subjects, &desk.options);
    for evidence in probe::run(&**desk.transport(), planned).await {
        let place = desk.place("", &evidence.request.url);
        desk.judge(&place, |test, faults| {
            if let Test::Probe(test) = test {
                test(&evidence, faults);
            }
        });
    }
}
