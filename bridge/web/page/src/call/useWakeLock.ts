/** Keeps a phone's screen awake during the call, where the browser can. */
import { useEffect } from 'react';

export function useWakeLock(): void {
  useEffect(() => {
    if (!('wakeLock' in navigator)) return;
    let lock: WakeLockSentinel | undefined;
    let stale = false;
    const acquire = async () => {
      if (document.visibilityState !== 'visible') return;
      // Refused on a low battery: the call goes on without.
      const acquired = await navigator.wakeLock.request('screen').catch(() => undefined);
      if (stale) void acquired?.release();
      else lock = acquired;
    };
    const shown = () => void acquire();
    shown();
    document.addEventListener('visibilitychange', shown);
    return () => {
      stale = true;
      document.removeEventListener('visibilitychange', shown);
      void lock?.release();
    };
  }, []);
}
