/** The call's screen: the connection, and what is laid out around it. */
import { RoomAudioRenderer, RoomContext } from '@livekit/components-react';
import { useCallback, useState } from 'react';
import type { Admission, CallNotice } from '../door/api';
import { deviceProblemOf } from '../devices/deviceProblem';
import type { DeviceTrouble } from '../devices/deviceProblem';
import type { Choices } from '../prejoin/choices';
import { Loading } from '../screens/Loading';
import { CallLayout } from './CallLayout';
import type { LeftWhy } from './leftWhy';
import { useRoom } from './useRoom';
import { useWakeLock } from './useWakeLock';

interface CallProps {
  notice: CallNotice;
  admission: Admission;
  choices: Choices;
  onLeft: (why: LeftWhy) => void;
  onRecordingEnd: () => void;
}

export function Call({ notice, admission, choices, onLeft, onRecordingEnd }: CallProps) {
  const [trouble, setTrouble] = useState<DeviceTrouble>();
  const onDeviceError = useCallback((kind: DeviceTrouble['kind'], error: unknown) => {
    setTrouble({ kind, problem: deviceProblemOf(error) });
  }, []);
  const clearTrouble = useCallback(() => setTrouble(undefined), []);
  const room = useRoom({ admission, choices, onLeft, onDeviceError });
  useWakeLock();

  if (room === null) return <Loading />;
  return (
    <RoomContext value={room}>
      <CallLayout
        notice={notice}
        trouble={trouble}
        onDeviceError={onDeviceError}
        onTroubleRead={clearTrouble}
        onRecordingEnd={onRecordingEnd}
      />
      <RoomAudioRenderer />
    </RoomContext>
  );
}
