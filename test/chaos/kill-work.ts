// What the one that dies has to do; those who come after it do the same.

const model = 'gemini-2.5-flash-image';

/** The requests of one run: no other run has them. */
export function requestsOf(run: string) {
  return {
    items: [0, 1, 2].map((i) => ({ model, prompt: `${run}, item ${i}` }) as const),
    single: { model, prompt: `${run}, alone` } as const,
  };
}
