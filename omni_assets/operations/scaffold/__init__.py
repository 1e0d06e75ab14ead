"""What a project gets on its first day: settings, a first contract, and what looks at them from then on."""
