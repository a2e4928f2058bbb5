//! What is known to be found of each server, and why it is true: each was looked at by hand, in the
//! bytes and headers that the server sends.

/// One thing that is found.
pub(crate) struct Known {
    /// The rule.
    pub(crate) rule: &'static str,
    /// A sentence that it says, with `…` for each number that is another in each run.
    pub(crate) said: &'static str,
    /// What the server does, and how that shows.
    pub(crate) why: &'static str,
}

/// What nginx does as it is packaged, whoever wrote the files.
const PLAYLIST_CACHING: Known = Known {
    rule: "HTT-PLCC",
    said: "the live playlist does not say how long it may be kept",
    why: "True. nginx sends `Last-Modified` and `ETag`, and no `Cache-Control`: a cache may then \
          choose for itself how long it keeps a playlist that changes every two seconds. \
          `add_header Cache-Control max-age=1` or `expires` for `.m3u8` mends it.",
};
const SEGMENT_CACHING: Known = Known {
    rule: "HTT-SEGCC",
    said: "the segment does not say how long it may be kept",
    why: "True: segments come without `Cache-Control` as playlists do. A segment never changes, \
          and a CDN that is not told so asks for it again.",
};
const INIT_CACHING: Known = Known {
    rule: "HTT-INITCC",
    said: "the initialization section does not say how long it may be kept",
    why: "True: it comes without `Cache-Control` as playlists do.",
};
const CORS: Known = Known {
    rule: "HTT-CORS",
    said: "there is no Access-Control-Allow-Origin",
    why: "True. No answer has any `Access-Control-` header, so that a player in a page of another \
          site is not given what it asks for. `add_header Access-Control-Allow-Origin *` mends it.",
};
const PREFLIGHT: Known = Known {
    rule: "HTT-PREFL",
    said: "OPTIONS is answered with 405",
    why: "True. nginx serves files to GET and HEAD; `curl -X OPTIONS` gets `405 Not Allowed`.",
};
const GZIP: Known = Known {
    rule: "HTT-GZIP",
    said: "the playlist of … bytes comes unpacked",
    why: "True. With `Accept-Encoding: gzip` the answer has no `Content-Encoding`. `gzip` is off \
          unless it is switched on, and is then for `text/html` only unless `gzip_types` names \
          playlists.",
};
const NOSNIFF: Known = Known {
    rule: "SEC-NOSNIFF",
    said: "there is no X-Content-Type-Options: nosniff",
    why: "True: the header is not there. It takes no points.",
};
const ONE_PLAYLIST: Known = Known {
    rule: "MV-NONE",
    said: "the entry is a media playlist",
    why: "True: what viewers are given is the media playlist itself, which cannot name codecs, \
          resolution or bandwidth. It takes no points.",
};
const DELETED: Known = Known {
    rule: "LIV-RETAIN",
    said: "segment … has left the playlist and must be there for another … s: the answer is 404 \
           Not Found",
    why: "True. `delete_segments` keeps one segment that is not listed any more \
          (`hls_delete_threshold`, 1): beside a playlist of segments 2 to 7 the folder has 1 to 7. \
          RFC 8216 wants each kept for its own duration and that of the playlist, which here are \
          seven segments: a player that loaded the playlist and then waited for its network \
          gets 404. With `-hls_delete_threshold 8` half a minute shows none.",
};

pub(crate) const NGINX_RTMP: [Known; 11] = [
    Known {
        rule: "LIV-DSEQ",
        said: "segment 1 had the discontinuity sequence number 1 and has 0",
        why: "True. The first segment of a push, also of the very first, has \
              `EXT-X-DISCONTINUITY`, and no playlist has `EXT-X-DISCONTINUITY-SEQUENCE`. When that \
              segment leaves, all that follow have another discontinuity sequence number than \
              before. The same happens with each push that follows in the same playlist.",
    },
    Known {
        rule: "PDT-HAVE",
        said: "none of … segments has a date",
        why: "True: there is no `EXT-X-PROGRAM-DATE-TIME` in the playlist, and no setting for one.",
    },
    Known {
        rule: "IND-HAVE",
        said: "/cam.m3u8 does not have it",
        why: "True: `EXT-X-INDEPENDENT-SEGMENTS` is not there, though every segment does begin \
              with a key frame where the encoder sends one in time.",
    },
    Known {
        rule: "TS-CCX",
        said: "PID 0x0 ends with 0 and goes on with 0",
        why: "True. Each file begins with the same 376 bytes, a program association `47 40 00 10` \
              and a program map `47 50 01 10`: the last digit is the counter, which is 0 in every \
              file. Those of video and sound go on from file to file.",
    },
    PLAYLIST_CACHING,
    SEGMENT_CACHING,
    CORS,
    PREFLIGHT,
    GZIP,
    NOSNIFF,
    ONE_PLAYLIST,
];

pub(crate) const FFMPEG_TS: [Known; 8] =
    [DELETED, PLAYLIST_CACHING, SEGMENT_CACHING, CORS, PREFLIGHT, GZIP, NOSNIFF, ONE_PLAYLIST];

pub(crate) const FFMPEG_FMP4: [Known; 9] = [
    DELETED,
    PLAYLIST_CACHING,
    SEGMENT_CACHING,
    INIT_CACHING,
    CORS,
    PREFLIGHT,
    GZIP,
    NOSNIFF,
    ONE_PLAYLIST,
];
