"""Folders of a log in memory: one that keeps, and one that the machine dies under."""


class MemoryFolder:
    def __init__(self):
        self.files = {}
        self.writes = 0

    def read(self, path):
        try:
            return self.files[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    def write(self, files):
        for path, text in files:
            self.writes += 1
            self.files[path] = text

    def remove(self, folders):
        for folder in folders:
            self.files = {path: text for path, text in self.files.items() if not path.startswith(f"{folder}/")}

    def put_aside(self, name):
        self.files = {f"ended/{name}/{path}": text for path, text in self.files.items()}
