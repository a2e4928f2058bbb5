//! The configuration as it is written. The comments are what `weir config` prints.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use super::duration::Span;
use super::hidden::Hidden;

/// The whole file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Raw {
    /// The folder for everything that is kept; other paths start from the current folder.
    pub(crate) data: String,
    /// Where segments are kept: "file:FOLDER". Empty means the folder `objects` of `data`.
    pub(crate) store: String,
    /// Where the journal is kept: "sqlite:FILE". Empty means `journal.db` in `data`.
    pub(crate) journal: String,
    /// Where accounts, streams and keys are kept: "sqlite:FILE" or
    /// "postgres://user:password@host/name". Empty means `weir.db` in `data`.
    pub(crate) database: Hidden,
    /// What is logged, to standard error.
    pub(crate) log: RawLog,
    /// Taking streams.
    pub(crate) ingest: RawIngest,
    /// Serving viewers.
    pub(crate) edge: RawEdge,
    /// Users, devices, keys and tokens.
    pub(crate) auth: RawAuth,
    /// What the nodes of a cluster share.
    pub(crate) cluster: RawCluster,
    /// Health and metrics, for operators.
    pub(crate) admin: RawAdmin,
    /// What a stream gets unless it is told otherwise.
    pub(crate) stream: RawStream,
}

/// `[log]`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawLog {
    /// The least level, or levels by module: "info", "warn,ingest=debug".
    pub(crate) filter: String,
    /// "human" or "json".
    pub(crate) format: String,
}

/// `[ingest]`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawIngest {
    /// This node's name in logs and journals.
    pub(crate) node: String,
    /// Where encoders push by RTMP.
    pub(crate) listen: String,
    /// Where encoders push by RTMPS. Empty means nowhere; it needs a certificate.
    pub(crate) listen_tls: String,
    /// Where other nodes read what this one is making, by HTTP: the parts and the newest segments
    /// of its streams. Empty means nowhere. No viewer's token is asked for there: keep it in a
    /// private network, and give the nodes a `cluster.secret`.
    pub(crate) listen_peers: String,
    /// The URL of that port as other nodes reach it, as "http://10.0.0.5:9190". Empty means the
    /// address of `listen_peers`.
    pub(crate) peer_url: String,
    /// The certificate chain for RTMPS, a PEM file.
    pub(crate) certificate_file: String,
    /// The private key for RTMPS, a PEM file.
    pub(crate) private_key_file: String,
    /// The applications that streams can be pushed to.
    pub(crate) apps: Vec<String>,
    /// What happens to a publisher whose stream is live already: "takeover" lets the newer one in
    /// at once (the older connection may be half-open), "reject" keeps the older.
    pub(crate) name_taken: String,
    /// Streams that can be live at one time.
    pub(crate) publishers_max: usize,
    /// Connections of encoders in all.
    pub(crate) connections_max: usize,
    /// Connections of encoders from one address. This machine's own addresses are not counted.
    pub(crate) connections_per_address_max: usize,
    /// Bytes of newest segments that are kept in memory for viewers. A stream of 4 Mbit/s with a
    /// window of 30 s uses 15 MB.
    pub(crate) memory_bytes_max: usize,
}

/// `[edge]`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawEdge {
    /// Where viewers watch by HTTP.
    pub(crate) listen: String,
    /// Connections of viewers in all.
    pub(crate) connections_max: usize,
    /// Connections of viewers from one address. This machine's own addresses are not counted.
    pub(crate) connections_per_address_max: usize,
    /// Addresses and subnets of proxies and CDNs whose word is taken for where a viewer comes from
    /// (`X-Forwarded-For`, and `country_header`), as ["10.0.0.0/8"].
    pub(crate) trusted_proxies: Vec<String>,
    /// The header in which they say the viewer's country, as "CF-IPCountry". Empty means none does.
    pub(crate) country_header: String,
}

/// `[auth]`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawAuth {
    /// The viewers' address as people reach it, as `https://live.example.org`: what links in
    /// letters begin with. Empty means this machine's own.
    pub(crate) public_url: String,
    /// The encoders' address as people reach it, as `rtmps://live.example.org`: what a paired
    /// encoder is told. Empty means this machine's own.
    pub(crate) ingest_url: String,
    /// What all keys follow from and secrets in the database are sealed with: 32 characters or
    /// more. Empty means that one is made and kept in the database itself. With another one nobody
    /// can open what this one sealed.
    pub(crate) root_secret: Hidden,
    /// Where letters go: "smtps://user:password@mail.example.org",
    /// "smtp://user:password@mail.example.org:587?tls=required", or a folder as "file:FOLDER".
    /// Empty means the folder `mail` of `data`.
    pub(crate) mail: Hidden,
    /// Whom letters come from.
    pub(crate) mail_from: String,
    /// Devices that a user may have, unless told otherwise.
    pub(crate) devices_max: u32,
    /// Streams that a user may publish at one time, unless told otherwise.
    pub(crate) streams_max: u32,
    /// What viewers of a new stream need: "public", "unlisted", "token", "password" or "private".
    pub(crate) access: String,
    /// Your own endpoint, which is asked who may publish and watch those streams whose policy says
    /// so, as `https://example.org/weir`. Empty means none.
    pub(crate) hook_url: String,
    /// What its questions are signed with, by Standard Webhooks: "whsec_" and 24 to 64 random bytes
    /// in base64.
    pub(crate) hook_secret: Hidden,
    /// How long it may take to answer.
    pub(crate) hook_timeout: Span,
    /// Whether people are let in while it does not answer.
    pub(crate) hook_fail_open: bool,
}

/// `[cluster]`
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawCluster {
    /// What nodes must show each other at `ingest.listen_peers`: 16 characters or more, the same on
    /// all of them. Empty means nothing.
    pub(crate) secret: Hidden,
}

/// `[admin]`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawAdmin {
    /// Where /health, /ready and /metrics are, and where commands such as "weir clip" reach the
    /// server. Whoever reaches it can delete recordings: keep it on loopback or in a
    /// private network.
    pub(crate) listen: String,
}

/// `[stream]`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawStream {
    /// A segment ends at the first key frame at or after this.
    pub(crate) segment_duration: Span,
    /// The containers that a stream is offered in: "ts", "fmp4", "both", or "auto": MPEG-TS for
    /// H.264 with AAC, MP3 or AC-3, fMP4 for everything else.
    pub(crate) packaging: String,
    /// Whether segments may have timed ID3 tags in them. In MPEG-TS their track is announced then.
    pub(crate) timed_id3: bool,
    /// Whether viewers are told of parts of a segment before it is whole (low-latency HLS): "on",
    /// "off", or "auto": in fMP4 and not in MPEG-TS.
    pub(crate) low_latency: String,
    /// How long those parts are at most.
    pub(crate) part_duration: Span,
    /// How much a live playlist lists. It is never less than three target durations.
    pub(crate) window: Span,
    /// How far back viewers can rewind. Beyond `window` a live playlist lists all of it, and a URL
    /// with `?dvr=SECONDS` less.
    pub(crate) dvr_window: Span,
    /// Whether every broadcast becomes a recording when it ends. Its segments are then kept beyond
    /// `retention`, until the recording is deleted.
    pub(crate) record: bool,
    /// How long a segment is kept after it was made. What a live playlist lists, and what a
    /// recording or a clip names, stays longer.
    pub(crate) retention: Span,
    /// How long a stream whose connection broke waits for its encoder before it has ended.
    pub(crate) reconnect_window: Span,
    /// How long a stream that its encoder ended waits for it to begin again.
    pub(crate) finish_window: Span,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            data: "data".into(),
            store: String::new(),
            journal: String::new(),
            database: Hidden::default(),
            log: RawLog::default(),
            ingest: RawIngest::default(),
            edge: RawEdge::default(),
            auth: RawAuth::default(),
            cluster: RawCluster::default(),
            admin: RawAdmin::default(),
            stream: RawStream::default(),
        }
    }
}

impl Default for RawLog {
    fn default() -> Self {
        Self { filter: "info".into(), format: "human".into() }
    }
}

impl Default for RawIngest {
    fn default() -> Self {
        Self {
            node: "weir".into(),
            listen: "0.0.0.0:1935".into(),
            listen_tls: String::new(),
            listen_peers: String::new(),
            peer_url: String::new(),
            certificate_file: String::new(),
            private_key_file: String::new(),
            apps: vec!["live".into()],
            name_taken: "takeover".into(),
            publishers_max: 1_000,
            connections_max: 4_000,
            connections_per_address_max: 64,
            memory_bytes_max: 512 * 1_024 * 1_024,
        }
    }
}

impl Default for RawEdge {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:8080".into(),
            connections_max: 20_000,
            connections_per_address_max: 256,
            trusted_proxies: Vec::new(),
            country_header: String::new(),
        }
    }
}

impl Default for RawAuth {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            ingest_url: String::new(),
            root_secret: Hidden::default(),
            mail: Hidden::default(),
            mail_from: "Weir <weir@localhost>".into(),
            devices_max: 20,
            streams_max: 10,
            access: "public".into(),
            hook_url: String::new(),
            hook_secret: Hidden::default(),
            hook_timeout: Span::seconds(2),
            hook_fail_open: false,
        }
    }
}

impl Default for RawAdmin {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9180".into() }
    }
}

impl Default for RawStream {
    fn default() -> Self {
        Self {
            segment_duration: Span::seconds(2),
            packaging: "auto".to_owned(),
            timed_id3: false,
            low_latency: "auto".to_owned(),
            part_duration: Span::millis(333),
            window: Span::seconds(30),
            dvr_window: Span::seconds(0),
            record: false,
            retention: Span::seconds(24 * 3_600),
            reconnect_window: Span::seconds(60),
            finish_window: Span::seconds(60),
        }
    }
}
