/** Why a metric gives no number of replicas, in words for events and conditions. */
export class MetricsError extends Error {
  override readonly name = 'MetricsError';
}
