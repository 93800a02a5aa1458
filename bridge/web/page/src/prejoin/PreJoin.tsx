/** Before the call: what it is, that it is transcribed, a name, a device check, and the way in. */
import { isBrowserSupported } from 'livekit-client';
import { useRef, useState } from 'react';
import type { SyntheticEvent } from 'react';
import { fetchAdmission } from '../door/api';
import type { Admission, CallNotice, Problem } from '../door/api';
import { useLanguage } from '../language/useLanguage';
import { Alert } from '../parts/Alert';
import { Heading } from '../parts/Heading';
import { Screen } from '../parts/Screen';
import { recalledChoices, recalledName, rememberChoices, rememberName } from './choices';
import type { Choices } from './choices';
import { DeviceCheck } from './DeviceCheck';
import { NameField } from './NameField';
import { SharedMicrophone } from './SharedMicrophone';
import { TranscriptionNotice } from './TranscriptionNotice';
import { useCameraPreview, useMicrophonePreview } from './usePreview';
import type { Preview } from './usePreview';

interface PreJoinProps {
  link: string;
  notice: CallNotice;
  onJoin: (admission: Admission, choices: Choices) => void;
  onRefused: (problem: Problem) => void;
}

/** These leave the person where they are, to try again; any other ends here. */
const MENDED_HERE: readonly Problem[] = ['call_full', 'livekit_unreachable', 'unavailable', 'unreachable'];

export function PreJoin({ link, notice, onJoin, onRefused }: PreJoinProps) {
  const { t } = useLanguage();
  const [name, setName] = useState(recalledName);
  const [choices, setChoices] = useState(recalledChoices);
  const [nameError, setNameError] = useState<'nameMissing' | 'nameRefused'>();
  const [problem, setProblem] = useState<Problem>();
  const [joining, setJoining] = useState(false);
  const nameInput = useRef<HTMLInputElement>(null);
  const microphone = useMicrophonePreview(choices.microphone, choices.microphoneId);
  const camera = useCameraPreview(choices.camera, choices.cameraId);
  const asksWhetherShared = notice.transcribed && notice.voices_told_apart;

  const failName = (error: 'nameMissing' | 'nameRefused') => {
    setNameError(error);
    nameInput.current?.focus();
  };

  const join = async () => {
    if (name.trim() === '') return failName('nameMissing');
    setProblem(undefined);
    setJoining(true);
    const answer = await fetchAdmission(link, name, asksWhetherShared && choices.sharedMicrophone);
    setJoining(false);
    if (answer.ok) {
      rememberName(name.trim());
      rememberChoices(choices);
      // A device that failed here is not asked for again inside: the person turns it on when it is mended.
      return onJoin(answer.value, { ...choices, microphone: usable(microphone), camera: usable(camera) });
    }
    if (answer.problem === 'bad_name') return failName('nameRefused');
    if (MENDED_HERE.includes(answer.problem)) return setProblem(answer.problem);
    onRefused(answer.problem);
  };

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!joining) void join();
  };

  const heading = t.prejoin.heading(notice.title);
  return (
    <Screen>
      <Heading documentTitle={heading}>{heading}</Heading>
      {!isBrowserSupported() && <Alert kind="warning">{t.browserTooOld}</Alert>}
      <TranscriptionNotice notice={notice} />
      <form className="prejoin" noValidate onSubmit={submit}>
        <DeviceCheck choices={choices} microphone={microphone} camera={camera} onChange={setChoices} />
        <div className="prejoin-entry">
          <NameField
            ref={nameInput}
            name={name}
            error={nameError && t.prejoin[nameError]}
            onChange={(changed) => {
              setName(changed);
              setNameError(undefined);
            }}
          />
          {asksWhetherShared && (
            <SharedMicrophone
              shared={choices.sharedMicrophone}
              onChange={(sharedMicrophone) => setChoices({ ...choices, sharedMicrophone })}
            />
          )}
          {problem !== undefined && (
            <Alert kind="warning">
              <strong>{t.problem[problem].title}</strong>. {t.problem[problem].text}
            </Alert>
          )}
          <button type="submit" className="button" aria-disabled={joining}>
            {joining ? t.prejoin.joining : t.prejoin.join}
          </button>
        </div>
      </form>
    </Screen>
  );
}

function usable({ state }: Preview<unknown>): boolean {
  return state === 'on' || state === 'starting';
}
