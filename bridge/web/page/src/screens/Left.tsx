/** After the call: why it ended here, what comes of it, and the way back. */
import type { LeftWhy } from '../call/leftWhy';
import type { CallNotice } from '../door/api';
import { useLanguage } from '../language/useLanguage';
import { Heading } from '../parts/Heading';
import { Icon } from '../parts/Icon';
import { Screen } from '../parts/Screen';

interface LeftProps {
  notice: CallNotice;
  why: LeftWhy;
  onRejoin: () => void;
}

export function Left({ notice, why, onRejoin }: LeftProps) {
  const { t } = useLanguage();
  const troubled = why === 'lost' || why === 'failed' || why === 'removed';
  return (
    <Screen narrow>
      <section className="message">
        <Icon name={troubled ? 'warning' : 'ended'} />
        <Heading documentTitle={t.left.title[why]}>{t.left.title[why]}</Heading>
        <p>{t.left.text[why]}</p>
        {notice.transcribed && why !== 'failed' && <p>{t.left.transcript}</p>}
        {why === 'ended' ? (
          <p>{t.left.closeTab}</p>
        ) : (
          <button type="button" className="button" onClick={onRejoin}>
            {why === 'failed' ? t.retry : t.left.rejoin}
          </button>
        )}
      </section>
    </Screen>
  );
}
