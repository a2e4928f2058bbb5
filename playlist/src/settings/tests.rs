use super::*;

/// Says what a test wants, and counts how often it was asked.
#[derive(Debug, Default)]
pub(crate) struct Changing {
    said: Mutex<BTreeMap<StreamName, Settings>>,
    asked: Mutex<Vec<StreamName>>,
}

impl Changing {
    pub(crate) fn say(&self, name: &str, settings: Settings) {
        self.said.lock().unwrap().insert(StreamName::parse(name).unwrap(), settings);
    }

    pub(crate) fn is_away(&self) {
        self.said.lock().unwrap().clear();
    }

    /// Who was asked for since this was called last.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().drain(..).map(|name| name.to_string()).collect()
    }
}

#[async_trait]
impl SettingsSource for Changing {
    async fn settings(&self, stream: &StreamName) -> Result<Settings, BoxError> {
        self.asked.lock().unwrap().push(stream.clone());
        self.said.lock().unwrap().get(stream).copied().ok_or_else(|| "nobody answers".into())
    }
}

/// Settings that can be told from others by each of their numbers.
pub(crate) const fn settings(window_s: i64, dvr_s: i64, retention_s: i64) -> Settings {
    Settings {
        window: WindowPolicy { length_ms: window_s * 1_000 },
        dvr_window_ms: dvr_s * 1_000,
        record: false,
        retention_ms: retention_s * 1_000,
    }
}

const DEFAULTS: Settings = settings(30, 60, 500);

fn known() -> (Arc<Changing>, KnownSettings) {
    let source = Arc::new(Changing::default());
    (Arc::clone(&source), KnownSettings::new(DEFAULTS, source))
}

fn name(name: &str) -> StreamName {
    StreamName::parse(name).unwrap()
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_believed_for_ten_seconds_or_until_somebody_says_otherwise() {
    let (source, known) = known();
    let (a, first, second) = (name("live/a"), settings(10, 0, 100), settings(20, 0, 100));
    source.say("live/a", first);
    assert_eq!(known.serve(&a).await.settings, first);
    source.say("live/a", second);
    pass(9).await;
    assert_eq!(known.serve(&a).await.settings, first);
    assert_eq!(source.asked().len(), 1);
    pass(1).await;
    assert_eq!(known.serve(&a).await.settings, second);
    source.say("live/a", first);
    pass(1).await;
    known.tell(&a);
    assert_eq!(known.serve(&a).await.settings, first);
    source.say("live/a", second);
    pass(1).await;
    known.tell_all();
    assert_eq!(known.serve(&a).await.settings, second);
    assert_eq!(source.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_what_it_was_or_the_usual_and_then_all_is_kept() {
    let (source, known) = known();
    let (a, b, own) = (name("live/a"), name("live/b"), settings(10, 0, 100));
    source.say("live/a", own);
    assert_eq!(known.keep(&a).await, Some(own));
    assert_eq!(known.serve(&b).await.settings, DEFAULTS);
    assert_eq!(known.keep(&b).await, None, "nobody said how long it is kept");
    assert_eq!(known.said(&b).await, None);
    source.is_away();
    pass(1_000).await;
    assert_eq!(known.serve(&a).await.settings, own);
    assert_eq!((known.said(&a).await, known.keep(&a).await), (Some(own), Some(own)));
    // What was listed by the defaults is kept for a while.
    source.say("live/b", own);
    pass(1_000).await;
    let both = Settings { record: false, ..settings(30, 60, 500) };
    assert_eq!((known.said(&b).await, known.keep(&b).await), (Some(own), Some(both)));
    pass(121).await;
    assert_eq!(known.keep(&b).await, Some(own));
}

#[tokio::test(start_paused = true)]
async fn what_was_listed_stays_for_as_long_as_the_list_was() {
    let (source, known) = known();
    let a = name("live/a");
    let check = async |own: Settings, kept: Settings| {
        source.say("live/a", own);
        known.tell(&a);
        pass(1).await;
        assert_eq!(known.said(&a).await, Some(own));
        assert_eq!(known.keep(&a).await, Some(kept));
    };
    let (long, middle, short) =
        (settings(30, 3_600, 9_000), settings(40, 600, 2_000), settings(10, 0, 100));
    check(long, long).await;
    check(short, long).await;
    pass(1_800).await;
    check(middle, settings(40, 3_600, 9_000)).await;
    check(short, settings(40, 3_600, 9_000)).await;
    pass(3_600 + 50).await;
    assert_eq!(known.keep(&a).await, Some(settings(40, 3_600, 9_000)));
    pass(20).await;
    assert_eq!(known.keep(&a).await, Some(short));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_does_not_answer_keeps_nobody_waiting_for_long() {
    #[derive(Debug)]
    struct Silent;
    #[async_trait]
    impl SettingsSource for Silent {
        async fn settings(&self, _: &StreamName) -> Result<Settings, BoxError> {
            std::future::pending().await
        }
    }
    let known = KnownSettings::new(DEFAULTS, Arc::new(Silent));
    let began = Instant::now();
    assert_eq!(known.serve(&name("live/a")).await.settings, DEFAULTS);
    assert_eq!(began.elapsed(), ASK_TIMEOUT);
    // And not each time anew.
    assert_eq!(known.serve(&name("live/a")).await.settings, DEFAULTS);
    assert_eq!(began.elapsed(), ASK_TIMEOUT);
}
