/** Says why there is no call to join, and what to do about it. */
import type { Problem } from '../door/api';
import { useLanguage } from '../language/useLanguage';
import { Heading } from '../parts/Heading';
import { Icon } from '../parts/Icon';
import { Screen } from '../parts/Screen';

const RETRIED: readonly Problem[] = ['call_full', 'livekit_unreachable', 'unavailable', 'unreachable'];

export function Refused({ problem, onRetry }: { problem: Problem; onRetry: () => void }) {
  const { t } = useLanguage();
  const { title, text } = t.problem[problem];
  return (
    <Screen narrow>
      <section className="message">
        <Icon name={problem === 'call_over' ? 'ended' : 'warning'} />
        <Heading documentTitle={title}>{title}</Heading>
        <p>{text}</p>
        {RETRIED.includes(problem) && (
          <button type="button" className="button" onClick={onRetry}>
            {t.retry}
          </button>
        )}
      </section>
    </Screen>
  );
}
