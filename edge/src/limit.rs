//! Lists of variants for viewers who may not have all of them.

use authz::Pass;
use bytes::Bytes;
use hls::Limit;
use origin::Document;
use timeline::Resource;

/// `document` as far as the viewer may have it. A list that was cut has a validator of its own, and
/// no compressed form: it is shorter than what is worth that.
pub(crate) fn apply(document: Document, resource: &Resource, pass: &Pass) -> Document {
    let limit = Limit { height_max: pass.height_max, bitrate_max: pass.bitrate_max };
    if !lists_variants(resource) || limit == Limit::default() {
        return document;
    }
    let Some(pieces) = document.body.ready() else { return document };
    let whole = pieces.join();
    let Some(text) = std::str::from_utf8(&whole).ok().and_then(|text| limit.apply(text)) else {
        return document;
    };
    let mut etag = document.etag.to_string();
    if let Some(height) = limit.height_max {
        etag.push_str(&format!("-h{height}"));
    }
    if let Some(bitrate) = limit.bitrate_max {
        etag.push_str(&format!("-b{bitrate}"));
    }
    Document { body: Bytes::from(text).into(), gzip: None, etag: etag.into(), ..document }
}

const fn lists_variants(resource: &Resource) -> bool {
    match resource {
        Resource::Multivariant(..) | Resource::Recording(..) => true,
        Resource::Media(..)
        | Resource::Object(_)
        | Resource::RecordingMedia(..)
        | Resource::Export(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use origin::CacheControl;

    use super::*;

    const LIST: &str = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=4x4\na\n\
                        #EXT-X-STREAM-INF:BANDWIDTH=5,RESOLUTION=2x2\nb\n";
    const LEAST: &str = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=5,RESOLUTION=2x2\nb\n";

    /// The text, the validator, and whether a compressed form is left.
    #[track_caller]
    fn check(path: &str, limit: (Option<u32>, Option<u64>), expected: (&str, &str, bool)) {
        // A list comes in pieces.
        let (head, tail) = LIST.split_at(20);
        let pieces = [head, tail].map(|piece| Bytes::from_static(piece.as_bytes()));
        let document = Document {
            body: origin::Pieces::new(pieces).into(),
            gzip: Some(Bytes::from_static(b"gzip").into()),
            content_type: hls::CONTENT_TYPE,
            cache_control: CacheControl::Seconds(1),
            etag: "aa".into(),
        };
        let resource = Resource::parse(path, "").unwrap();
        let pass = Pass { height_max: limit.0, bitrate_max: limit.1, ..Pass::default() };
        let document = apply(document, &resource, &pass);
        let text = document.body.ready().unwrap().join();
        let text = std::str::from_utf8(&text).unwrap();
        assert_eq!((text, &*document.etag, document.gzip.is_some()), expected, "{path} {limit:?}");
    }

    #[test]
    fn lists_of_variants_are_cut_and_nothing_else_is() {
        let whole = (LIST, "aa", true);
        for path in ["/live/cam/index.m3u8", "/vod/live~cam~a/index.m3u8"] {
            check(path, (None, None), whole);
            check(path, (Some(4), Some(9)), whole);
            check(path, (Some(3), None), (LEAST, "aa-h3", false));
            check(path, (None, Some(8)), (LEAST, "aa-b8", false));
            check(path, (Some(3), Some(8)), (LEAST, "aa-h3-b8", false));
        }
        for path in ["/live/cam/ts/index.m3u8", "/live/cam/ts/1/0.ts", "/live/cam/ts/page-0.m3u8"] {
            check(path, (Some(3), Some(8)), whole);
        }
    }
}
