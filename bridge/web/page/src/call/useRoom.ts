/** Owns the connection to the call: enters, publishes what was chosen, leaves, and says why it ended. */
import { ConnectionError, ConnectionErrorReason, Room, RoomEvent } from 'livekit-client';
import type { DisconnectReason } from 'livekit-client';
import { useEffect, useEffectEvent, useState } from 'react';
import type { Admission } from '../door/api';
import type { Choices } from '../prejoin/choices';
import { leftWhy } from './leftWhy';
import type { LeftWhy } from './leftWhy';

interface UseRoom {
  admission: Admission;
  choices: Choices;
  onLeft: (why: LeftWhy) => void;
  onDeviceError: (kind: 'microphone' | 'camera', error: unknown) => void;
}

/** The room, once there is one to show; it may still be connecting. */
export function useRoom({ admission, choices, onLeft, onDeviceError }: UseRoom): Room | null {
  const [room, setRoom] = useState<Room | null>(null);

  const publish = useEffectEvent(async (entered: Room) => {
    const me = entered.localParticipant;
    await Promise.all([
      me
        .setMicrophoneEnabled(choices.microphone, captureFrom(choices.microphoneId))
        .catch((error: unknown) => onDeviceError('microphone', error)),
      me
        .setCameraEnabled(choices.camera, captureFrom(choices.cameraId))
        .catch((error: unknown) => onDeviceError('camera', error)),
    ]);
  });
  const left = useEffectEvent((why: LeftWhy) => onLeft(why));

  useEffect(() => {
    let stale = false;
    let entered = false;
    const opened = new Room({ adaptiveStream: true, dynacast: true });
    const finish = (why: LeftWhy) => {
      if (stale) return;
      stale = true;
      left(why);
    };
    const enter = async () => {
      setRoom(opened);
      try {
        await opened.connect(admission.livekit_url, admission.token);
        entered = true;
      } catch (error) {
        return finish(isCancelled(error) ? 'left' : 'failed');
      }
      await publish(opened);
    };
    opened.on(RoomEvent.Disconnected, (reason?: DisconnectReason) => {
      const why = leftWhy(reason);
      finish(!entered && why === 'lost' ? 'failed' : why);
    });
    void enter();
    return () => {
      stale = true;
      void opened.disconnect();
    };
  }, [admission]);

  return room;
}

/** Whether the person left while the connection was still being made. */
function isCancelled(error: unknown): boolean {
  return error instanceof ConnectionError && error.reason === ConnectionErrorReason.Cancelled;
}

function captureFrom(deviceId: string | undefined) {
  return deviceId === undefined ? undefined : { deviceId };
}
