/** Who and what is seen: a shared screen large where there is one, the participants in a grid or beside it. */
import { useTracks } from '@livekit/components-react';
import { Track } from 'livekit-client';
import { useLanguage } from '../language/useLanguage';
import { Grid } from './Grid';
import { SharedScreen } from './SharedScreen';

export function Stage({ alone }: { alone: boolean }) {
  const { t } = useLanguage();
  const screens = useTracks([Track.Source.ScreenShare]);
  const people = useTracks([{ source: Track.Source.Camera, withPlaceholder: true }], { onlySubscribed: false });
  const shown = screens.find((screen) => !screen.participant.isLocal) ?? screens[0];
  return (
    <div className={shown === undefined ? 'stage' : 'stage stage-with-screen'}>
      {shown !== undefined && <SharedScreen screen={shown} />}
      <Grid people={people} />
      {alone && <p className="stage-alone">{t.call.alone}</p>}
    </div>
  );
}
