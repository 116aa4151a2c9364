/** True where two messages say the same but for their numbers: bytes, positions and times are others at each try. */
export function isSameSentence(one: string, other: string): boolean {
  return withoutNumbers(one) === withoutNumbers(other);
}

function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, "0");
}
