import { useEffect, useState } from 'preact/hooks';

const aMinuteMs = 60_000;

/** The present, told anew only when the day turns: what is written beside a message depends on nothing finer. */
export function useToday(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      const next = Date.now();
      setNow((before) => (new Date(before).toDateString() === new Date(next).toDateString() ? before : next));
    }, aMinuteMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}
