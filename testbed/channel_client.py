"""Client of a channel emulator's control service: shows, changes and watches its links.

`tls` is the folder of an operator's certificates; None for plaintext.
"""




