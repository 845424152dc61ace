import React from 'react';

interface Props { title: string }

/** A button. */
export function Button({ title }: Props) {
  const [on, setOn] = React.useState(false);
  return <button onClick={() => setOn(!on)}>{title}</button>;
}

export const Card: React.FC<Props> = ({ title }) => <div className="card">{title}</div>;
