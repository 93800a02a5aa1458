/** A local track to look at or listen to before joining; its failure is a state, not an exception. */
import { createLocalAudioTrack, createLocalVideoTrack } from 'livekit-client';
import type { LocalAudioTrack, LocalVideoTrack } from 'livekit-client';
import { useEffect, useState } from 'react';
import { canCapture, deviceProblemOf } from '../devices/deviceProblem';
import type { DeviceProblem } from '../devices/deviceProblem';

export interface Preview<T> {
  state: 'off' | 'starting' | 'on' | DeviceProblem;
  track?: T;
}

export const useMicrophonePreview = (wanted: boolean, deviceId?: string): Preview<LocalAudioTrack> =>
  usePreview(createLocalAudioTrack, wanted, deviceId);

export const useCameraPreview = (wanted: boolean, deviceId?: string): Preview<LocalVideoTrack> =>
  usePreview(createLocalVideoTrack, wanted, deviceId);

interface Stoppable {
  stop: () => void;
}

function usePreview<T extends Stoppable>(
  create: (options?: { deviceId: string }) => Promise<T>,
  wanted: boolean,
  deviceId: string | undefined,
): Preview<T> {
  const request = wanted ? `on ${deviceId ?? ''}` : 'off';
  // What was last obtained, and for which request: anything else is still starting.
  const [obtained, setObtained] = useState<{ request: string; preview: Preview<T> }>();

  useEffect(() => {
    if (!wanted) return;
    let stale = false;
    let running: T | undefined;
    const settle = (preview: Preview<T>) => {
      if (!stale) setObtained({ request, preview });
    };
    const start = async () => {
      if (!canCapture()) return settle({ state: 'unsupported' });
      try {
        const track = await create(deviceId === undefined ? undefined : { deviceId });
        if (stale) return track.stop();
        running = track;
        settle({ state: 'on', track });
      } catch (error) {
        settle({ state: deviceProblemOf(error) });
      }
    };
    void start();
    return () => {
      stale = true;
      running?.stop();
    };
  }, [create, wanted, deviceId, request]);

  if (!wanted) return { state: 'off' };
  return obtained?.request === request ? obtained.preview : { state: 'starting' };
}
