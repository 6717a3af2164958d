/**
 * Tries again what can be done twice. A browser drops every request in flight when the machine's network changes,
 * which on the machine of a cluster happens with each pod.
 */
export async function retry<T>(task: () => Promise<T>, options: { times?: number; wait?: number } = {}): Promise<T> {
  const { times = 3, wait = 300 } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      if (attempt >= times) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait * attempt));
    }
  }
}
