/** The steps from a link to a call and out of it again; each step is one screen. */
import { useCallback, useEffect, useState } from 'react';
import { linkOf } from './door/link';
import { fetchNotice } from './door/api';
import type { Admission, CallNotice, Problem } from './door/api';
import { useLanguage } from './language/useLanguage';
import { Call } from './call/Call';
import type { LeftWhy } from './call/leftWhy';
import type { Choices } from './prejoin/choices';
import { PreJoin } from './prejoin/PreJoin';
import { Left } from './screens/Left';
import { Loading } from './screens/Loading';
import { Refused } from './screens/Refused';

type Step =
  | { at: 'loading' }
  | { at: 'refused'; problem: Problem }
  | { at: 'prejoin'; notice: CallNotice }
  | { at: 'call'; notice: CallNotice; admission: Admission; choices: Choices }
  | { at: 'left'; notice: CallNotice; why: LeftWhy };

const link = linkOf(location.pathname);

export function App() {
  const [step, setStep] = useState<Step>({ at: 'loading' });
  const { suggest } = useLanguage();

  const knock = useCallback(async () => {
    const answer = await fetchNotice(link);
    if (!answer.ok) return setStep({ at: 'refused', problem: answer.problem });
    suggest(answer.value.language);
    if (answer.value.state === 'over') return setStep({ at: 'refused', problem: 'call_over' });
    setStep({ at: 'prejoin', notice: answer.value });
  }, [suggest]);

  const askAgain = useCallback(async () => {
    const answer = await fetchNotice(link);
    if (answer.ok) setStep((now) => ('notice' in now ? { ...now, notice: answer.value } : now));
  }, []);

  const knockAgain = useCallback(() => {
    setStep({ at: 'loading' });
    void knock();
  }, [knock]);

  useEffect(() => {
    // The answer arrives later; nothing is set while the effect itself runs.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    void knock();
  }, [knock]);

  switch (step.at) {
    case 'loading':
      return <Loading />;
    case 'refused':
      return <Refused problem={step.problem} onRetry={knockAgain} />;
    case 'prejoin':
      return (
        <PreJoin
          link={link}
          notice={step.notice}
          onJoin={(admission, choices) => setStep({ at: 'call', notice: step.notice, admission, choices })}
          onRefused={(problem) => setStep({ at: 'refused', problem })}
        />
      );
    case 'call':
      return (
        <Call
          notice={step.notice}
          admission={step.admission}
          choices={step.choices}
          onLeft={(why) => setStep({ at: 'left', notice: step.notice, why })}
          onRecordingEnd={() => void askAgain()}
        />
      );
    case 'left':
      return <Left notice={step.notice} why={step.why} onRejoin={knockAgain} />;
  }
}
