/** The devices of one kind, followed as they come and go. */
import { useEffect, useState } from 'react';
import { canCapture } from './deviceProblem';

/** Names of devices are hidden until one may be used: a changed `permission` asks again. */
export function useDevices(kind: MediaDeviceKind, permission: unknown): MediaDeviceInfo[] {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  useEffect(() => {
    if (!canCapture()) return;
    let stale = false;
    const list = async () => {
      const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
      if (!stale) setDevices(all.filter((device) => device.kind === kind && device.deviceId !== ''));
    };
    const changed = () => void list();
    changed();
    navigator.mediaDevices.addEventListener('devicechange', changed);
    return () => {
      stale = true;
      navigator.mediaDevices.removeEventListener('devicechange', changed);
    };
  }, [kind, permission]);
  return devices;
}
