// How far the viewer's clock is from the server's. The latency of a broadcast is the server's time
// minus the time that the playlist gives a picture, and clocks of phones and computers are often
// off by more than the latency.

/**
 * Narrows down the offset of the server's clock from the `Date` header of its answers.
 *
 * The header is cut to whole seconds, so one answer leaves an interval of a second and the
 * request's duration. Each further answer narrows it.
 */
export class ServerClock {
  private least = -Infinity;
  private most = Infinity;

  /** Notes an answer's `Date`, and when its request was sent and answered by the viewer's clock. */
  observe(date: string | null, sentMs: number, answeredMs: number): void {
    const server = date === null ? Number.NaN : Date.parse(date);
    if (!Number.isFinite(server) || answeredMs < sentMs) return;
    const least = server - answeredMs;
    const most = server + 1000 - sentMs;
    if (least > this.most || most < this.least) {
      // One of the clocks was set meanwhile: what was known is void.
      [this.least, this.most] = [least, most];
      return;
    }
    this.least = Math.max(this.least, least);
    this.most = Math.min(this.most, most);
  }

  /**
   * What to add to the viewer's clock to have the server's, in milliseconds. Zero while the clocks
   * may well agree.
   */
  get offsetMs(): number {
    if (this.least <= 0 && this.most >= 0) return 0;
    return (this.least + this.most) / 2;
  }
}
