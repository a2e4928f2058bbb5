// Whether the picture moves, told from where the video element is.

/** A picture that has not moved for so long stands. */
export const STANDS_MS = 1200;

/** Follows the time of a video element. */
export class Playhead {
  /** When it moved last, if ever since it was reset. */
  movedAt: number | null = null;
  /** Since when it has been moving without a stop. */
  private movingSince = 0;
  private seconds: number | null = null;

  /** Notes that the video element is at `seconds`. Whether it moved by playing. */
  observe(now: number, seconds: number): boolean {
    const moved = this.seconds !== null && seconds > this.seconds;
    this.seconds = seconds;
    if (!moved) return false;
    if (!this.moves(now)) this.movingSince = now;
    this.movedAt = now;
    return true;
  }

  /** Whether the picture moves. */
  moves(now: number): boolean {
    return this.movedAt !== null && now - this.movedAt < STANDS_MS;
  }

  /** How long it has been moving, in milliseconds. */
  movingFor(now: number): number {
    return this.moves(now) ? now - this.movingSince : 0;
  }

  /** Another player begins, or another broadcast. */
  reset(): void {
    this.movedAt = null;
    this.seconds = null;
  }
}
