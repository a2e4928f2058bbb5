//! Made with cryptography, as AWS's documentation says; the key is that of RS256.

/// A query.
pub(crate) const POLICY: &str = "\
    Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9jZG4uZXhhbXBsZS5vcmcvbGl2ZS9tYWluL\
    yoiLCJDb25kaXRpb24iOnsiRGF0ZUxlc3NUaGFuIjp7IkFXUzpFcG9jaFRpbWUiOjE3OTAwMDM2MDB9LCJEYXRlR\
    3JlYXRlclRoYW4iOnsiQVdTOkVwb2NoVGltZSI6MTc5MDAwMDAwMH0sIklwQWRkcmVzcyI6eyJBV1M6U291cmNlS\
    XAiOiIyMDMuMC4xMTMuMC8yNCJ9fX1dfQ__&Signature=G0v2DYQOwmVmYG8L-5rukVeBiIOoCvliBLAt-nrMLK\
    RV6brf5UviQU0EdaZ21bSOHmgjqcvDqkVZP8klG6xPyHeeGyC5WLnZZJt66ZQLXvsLTcPfaXT7T0mSNyMCQplIQl\
    Fe0YwHDTAY9cQaZ1RZ5e6KR09uAC5051YFCWTCx3~kkklVYM8I3dcWovmXAmIQxipJ-dnqkSSm67elWQbKLwbc9N\
    twg06ViTJ~k4AArOTI8nQzHTXJti02RYRCq3MGq2bGp1zvbiimgvwuQ6SrXJJT4Qr6ez44pp76JKjnQFFGI5Xl20\
    vzfiWcp4p-stavs-o0EpEfJ6tZgHeh5q6s5A__&Key-Pair-Id=K2JCJMDEHXQW5F";
/// A query.
pub(crate) const EMPTY: &str = "\
    Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiIiwiQ29uZGl0aW9uIjp7IkRhdGVMZXNzVGhhbiI6eyJBV\
    1M6RXBvY2hUaW1lIjoxNzkwMDAzNjAwfX19XX0_&Signature=YnSNA2lwHBq5aWtE1QiTMQXWBieLcwNv-oqdsl\
    gc9V~ABiWoqha-G1UERYRnk7MsV-BLYBWW4~dX7LTHuh~Q83-k5M76nJLfq5CXTwhEupNj6eNXOQ9IDV8vfBEDNg\
    zl4DkL2orEO0VY77vqi~54AkQBHN1PiaI2~ryl8SfLSR08eL0i-wpB-1X5NtEk5x7XooIbbUyk-aJbxjWv-BR62q\
    WW23H3C2Pb5Bwn9UPstYrqCXRLv0Sci7NJDRuh7oql4gjXmw5lbddyQY8nc-NvEPe8cSLSYG2ws-oB1b8eXd9NvP\
    x5-9Pji0gvI9fsZ7hn3O0HTKyquKv8kw1mHRh1ww__&Key-Pair-Id=K2JCJMDEHXQW5F";
/// A query.
pub(crate) const ABSENT: &str = "\
    Policy=eyJTdGF0ZW1lbnQiOlt7IkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQVdTOkVwb2NoVGltZSI6M\
    Tc5MDAwMzYwMH19fV19&Signature=VuLNVAev-1trXFaPcWyY1Ya2f7gfeB7M09NFylAXdDdlIxQ7gtMZc3YLmv\
    xwhwvXWsX1c7P4FdgzXMgEvb9vQbkbupk-I8VYIod~bXLGP5L3MMkvC~vH-tmNtx8zHkoxjZ-UCeMR6Eq-4gmq38\
    JabPK-PknyOmeI9t50W1mOtVpFlQRaqmdOIvOt4Kl~b07GPfgb~XkdjDr~YQiP~5YTnCh4EU-SMm3lUvlOwW9SeI\
    MmiiSoQ9S62t4mlFAIIJQYnGjoOhL2RMbDIHnwFhN3Zyyxtu57PfOPgsUWe-Sg6EW~88KMl1JRT7IVsB7rr3oAg5\
    u98QgtOPwJpdsh8cT2cA__&Key-Pair-Id=K2JCJMDEHXQW5F";
/// A query.
pub(crate) const ENDLESS: &str = "\
    Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiKiIsIkNvbmRpdGlvbiI6eyJEYXRlR3JlYXRlclRoYW4iO\
    nsiQVdTOkVwb2NoVGltZSI6MTc5MDAwMDAwMH19fV19&Signature=CUVudgYv1LZHHju7boSQoAuuyyg4Yzz2gs\
    gXUj01f0ba8A2TbBZ0MdpmObyPSz5smBPdFXQjdkZgdDOz46mg~hNoS0PNPjYnCy0ig3k-W5UuigWkzkBejzX~t2\
    bl8SM5E2Ax10z5WW7LzXlTiw5e3LSboSKmswbueK7xFFuBxiKdNqFj--rN5Ix9y8qSVEB2NtjFkIaSjR6H4DXUP9\
    3GIswx~CMFtBxL4DEL~M2jtdP60FBa5uUZS5a5w6MqbFI4e4lfjWaGbkh7vIyvhAeHeIVk0gLpgzWzKdWlMHvBZn\
    dtKG53nIx3SviuSDuRLdPQ0~ylxuwyj8zdb2tzhPQDuw__&Key-Pair-Id=K2JCJMDEHXQW5F";
/// A query.
pub(crate) const TWO: &str = "\
    Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiKiIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQ\
    VdTOkVwb2NoVGltZSI6MTc5MDAwMzYwMH19fSx7IlJlc291cmNlIjoiKiIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc\
    1RoYW4iOnsiQVdTOkVwb2NoVGltZSI6MTc5MDAwMzYwMH19fV19&Signature=Jc33FHzIcSRd-mUKyPdmIAG1an\
    H55uZ07vUSAXAoc0e7jjC2PNYFYIeQIuMcrQV~L1BwxM0qo5He3Op8n0UPP8e2HYjzzlymPNnrd6TTGlvMIIiBAT\
    Fxw1MUPb6gA-KsHPMuc58hwqap3lt64wsOlZBe3KWaUqGi0lro5VkciPN03H-oUMQaT3ucH2kB66-KaKvEP1DKRa\
    Siz1ZkB8M01f~p7b4MvP6wd5a18hL6xd7~7beWWIEEBa2DjcP0sRwBtTZS8OV30fRu3Fk9uXmoqjSmE0rfgTgw5u\
    31x-HDajHv3JPp2uFbiPs9mkXM4sdN4iTQmZxcJ8pkuFzTBN01yg__&Key-Pair-Id=K2JCJMDEHXQW5F";
/// A query.
pub(crate) const TWICE: &str = "\
    Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiL3giLCJSZXNvdXJjZSI6IioiLCJDb25kaXRpb24iOnsiR\
    GF0ZUxlc3NUaGFuIjp7IkFXUzpFcG9jaFRpbWUiOjE3OTAwMDM2MDB9fX1dfQ__&Signature=bvCyOqvlUAj2bf\
    EdoiJ0L2o8f~e4cd20dlxpHmplQGWCn0QcYdZFyHheOx4nVLJMhn83eq3f761U4U-eeV3WKMBC0Zm4QkTpXKNa8O\
    Yq8pv33yyA2koKocn-l5Gqm0prStE9jhmXOIpaw6LzejmiPTHJ3e2fd-0oOrDmxvM5Z5yQmYacHZF~w3IlFjGI78\
    UxwmBphMDhbeZ5l0U~-Z5BSE2QjijU23GIVJxNzag0dmlDgp4AU48i8eqwnloeZQSCa~zd~jwacdKBrTCZCQT8-o\
    KYay3Kq8U7YYXwxrgQGmtl6lxbQL4neS-YspzogwsuvK2tVI8HEngJ5umMp6wixQ__&Key-Pair-Id=K2JCJMDEH\
    XQW5F";
/// A query.
pub(crate) const OTHER: &str = "\
    Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiKiIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQ\
    VdTOkVwb2NoVGltZSI6MTc5MDAwMzYwMH0sIlN0cmluZ0VxdWFscyI6eyJhIjoiYiJ9fX1dfQ__&Signature=Fm\
    Dr19ZevKjkgw6ubsAiHvJM1ot-lr9310awX0Mgx8J~8nmD-Ovh9X7gTm3cCbiapByYCuUSjrm3ZQ6NP~euzHFt21\
    lJRRYvyCz05cmkFlPN6R5xAUJG01KzR81Nb0gx0F-EAfW~-uVsgKdZu6BoiY0vJ9Gwcrvyi8wXfZ6ny-RcJnf8o4\
    CNXFn4vc0Cvom91rRHqGHB7u3RHBpaYW--DuWPlOFcV7Mt~u06Rx5MqOoJFRHtTf0cPeKhTCGYZOH5~sh5djWItL\
    5cjkOZeu~DrGkEA19atzQ~BdLJraY~79xvGgHF0Arp0iTytC62Xv4a6I5mQhkUokhiqbY-OxQ9Mg__&Key-Pair-\
    Id=K2JCJMDEHXQW5F";
/// A query.
pub(crate) const EVERYTHING: &str = "\
    Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiKiIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQ\
    VdTOkVwb2NoVGltZSI6MTc5MDAwMzYwMH0sIklwQWRkcmVzcyI6eyJBV1M6U291cmNlSXAiOiIwLjAuMC4wLzAif\
    X19XX0_&Signature=JiwmNcIvR6k2OQ2Gk2KvbQmEWKrlVfwmVe9sRSYbJDOVidZqQRgOWuhz2z9CS0cQjyAUaO\
    B6XrYzJz4PfJHUKGtsNzrJv9HF5pLcD74sIE1V56ioFAVcEF1OlxgpBDLOvzhQxYoy6r9V8qqHN2DwEGhXKbOumn\
    bfpQ8QUIG9Pe24QUJbAOcNHMpJsu7ZYSfoFG3d3mdLXAudZnSVJeDZzw~D7NSJW3Ac2lFIdD9KZtsXXcuwDaSZAj\
    hK0zKjBADDH--MsOQPfRKcqwdrAKiSpOVsGVc9T-v68UroaSlSUIcJhpvMuZnAoJ1HtA~MEEc3qmQe5CUdx19QIK\
    tY266kWA__&Key-Pair-Id=K2JCJMDEHXQW5F";
/// A query.
pub(crate) const SHA256: &str = "\
    Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9jZG4uZXhhbXBsZS5vcmcvbGl2ZS9tYWluL\
    yoiLCJDb25kaXRpb24iOnsiRGF0ZUxlc3NUaGFuIjp7IkFXUzpFcG9jaFRpbWUiOjE3OTAwMDM2MDB9LCJEYXRlR\
    3JlYXRlclRoYW4iOnsiQVdTOkVwb2NoVGltZSI6MTc5MDAwMDAwMH0sIklwQWRkcmVzcyI6eyJBV1M6U291cmNlS\
    XAiOiIyMDMuMC4xMTMuMC8yNCJ9fX1dfQ__&Signature=clPLLilc2J~xZUY3wOOJ5kuuBCMAaHtrMDsNXHCMhx\
    4iY2PF5O2YnPbHfq0sS6YkVK000mxFnxEkbGEdsDmjSVY-nOeYsLPLGpIsDs4oj-lnpzPF6gAE4o5EuNAedFUk0W\
    XcbTfAyxdM7JkMrlmiY8rUHrhZBSJ7E7V9cZLSAbZIPCGNTgadWv4qb9eXSl5Lv4U23V25iTSx8ScYiiCsY0QKfr\
    NlA3I0kQ4KtSqBikzCcu~LErQESBdUNndlOOWI34g6Q0tiM9z-jb5EVokTXBN2~0cKRHnNVRlgXDGfTj0ThZuNub\
    XGWsS-i5Yq9aFouCET77ohWzshgVdWvKjZPw__&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256";
