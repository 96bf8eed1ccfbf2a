"""What citizens read: vi.yml and en.yml with the same keys, answers.yml, and terms_en.yml."""
