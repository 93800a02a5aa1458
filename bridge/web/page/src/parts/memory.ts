/** What this browser remembers between visits; a browser that refuses (private mode) remembers nothing. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Refused: the next visit starts afresh, which is what this browser wants.
  }
}
