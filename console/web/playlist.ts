// As much of an HLS playlist (RFC 8216) as tells whether a broadcast goes on. Playing it is the
// player's part.

/** What a media playlist says about its broadcast. */
export interface Listing {
  /** The number that the next segment will have (4.3.3.2): it grows while the broadcast goes on. */
  readonly edge: number;
  /** How many segments are listed. */
  readonly segments: number;
  /** Whether nothing more will come (4.3.3.4). */
  readonly ended: boolean;
  /** No segment is longer (4.3.3.1). */
  readonly targetSeconds: number;
}

/** A playlist of either kind. */
export type Playlist =
  | { readonly kind: 'multivariant'; readonly first: string }
  | { readonly kind: 'media'; readonly listing: Listing };

/** Reads a playlist; `null` if it is none. */
export function readPlaylist(text: string): Playlist | null {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (lines[0] !== '#EXTM3U') return null;
  const uris = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.some((line) => line.startsWith('#EXT-X-STREAM-INF:'))) {
    const [first] = uris;
    return first === undefined ? null : { kind: 'multivariant', first };
  }
  const targetSeconds = numberOf(lines, '#EXT-X-TARGETDURATION:');
  if (targetSeconds === null) return null;
  const sequence = numberOf(lines, '#EXT-X-MEDIA-SEQUENCE:') ?? 0;
  const ended = lines.includes('#EXT-X-ENDLIST');
  const segments = uris.length;
  return { kind: 'media', listing: { edge: sequence + segments, segments, ended, targetSeconds } };
}

function numberOf(lines: readonly string[], tag: string): number | null {
  const line = lines.find((candidate) => candidate.startsWith(tag));
  const digits = line?.slice(tag.length) ?? '';
  return /^\d+$/.test(digits) ? Number(digits) : null;
}
