/** What may be spent on paid video, by the configuration. US dollars; absent: no such ceiling. */
export interface Ceilings {
  /** By all jobs that begin on one UTC day. */
  perDayUsd?: number;
  /** By one job; a call may ask for less, not for more. */
  perJobUsd?: number;
}
