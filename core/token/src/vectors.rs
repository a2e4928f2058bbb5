//! Made with PyJWT 2.15.1 and cryptography 48.0.0, which are no part of this project.

/// Signed by EdDSA.
pub(crate) const EDDSA_TOKEN: &str = "\
    eyJhbGciOiJFZERTQSIsImtpZCI6ImstRWREU0EiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlc\
    i5leGFtcGxlIiwiYXVkIjpbIndlaXIiLCJvdGhlciJdLCJzdWIiOiJ2aWV3ZXItMSIsImp0aSI6InQtMSIsIm9yZ\
    yI6Im9uZSIsInN0cmVhbXMiOlsibGl2ZS9tYWluIiwibGl2ZS9jYW0tKiJdLCJpYXQiOjE3OTAwMDAwMDAsIm5iZ\
    iI6MTc5MDAwMDAwMCwiZXhwIjoxNzkwMDAzNjAwLCJhZGRyIjpbIjIwMy4wLjExMy4wLzI0IiwiMjAwMTpkYjg6O\
    jEiXSwiY3RyeSI6WyJERSIsIiFGUiJdLCJyZWYiOiIqLmV4YW1wbGUub3JnIiwic2Vzc2lvbnMiOjIsImhlaWdod\
    CI6NzIwLCJiaXRyYXRlIjozMDAwMDAwLCJ2ZXIiOjMsImRldiI6ImRldi0xIiwibWVtIjp0cnVlfQ.LnMh75NzWu\
    kL9LbXliRE9cMq_o9CmhEzEUDh255QHxC-1rhu6l2wWvrxRx4AX77n0YjaUXTQfgpCQ6IIsa-fBw";
/// Its public key.
pub(crate) const EDDSA_PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAhoC82PKLgYsd7cXWp8ZI2ZD+1+GLRtl1DUGO5SVrN74=
-----END PUBLIC KEY-----
";
/// Its private key.
pub(crate) const EDDSA_PRIVATE: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIK4VL6EsD4Ou+Oih4194obrwL43SPxYCAC+qnJKPUGdq
-----END PRIVATE KEY-----
";
/// Signed by ES256.
pub(crate) const ES256_TOKEN: &str = "\
    eyJhbGciOiJFUzI1NiIsImtpZCI6ImstRVMyNTYiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlc\
    i5leGFtcGxlIiwiYXVkIjpbIndlaXIiLCJvdGhlciJdLCJzdWIiOiJ2aWV3ZXItMSIsImp0aSI6InQtMSIsIm9yZ\
    yI6Im9uZSIsInN0cmVhbXMiOlsibGl2ZS9tYWluIiwibGl2ZS9jYW0tKiJdLCJpYXQiOjE3OTAwMDAwMDAsIm5iZ\
    iI6MTc5MDAwMDAwMCwiZXhwIjoxNzkwMDAzNjAwLCJhZGRyIjpbIjIwMy4wLjExMy4wLzI0IiwiMjAwMTpkYjg6O\
    jEiXSwiY3RyeSI6WyJERSIsIiFGUiJdLCJyZWYiOiIqLmV4YW1wbGUub3JnIiwic2Vzc2lvbnMiOjIsImhlaWdod\
    CI6NzIwLCJiaXRyYXRlIjozMDAwMDAwLCJ2ZXIiOjMsImRldiI6ImRldi0xIiwibWVtIjp0cnVlfQ.CqKuNipNya\
    eutSWmzrSPvvjD9QWSa3eXppb_RcxhS6_KM33GQOmsUVuXkV9IzazYzWG7IVBLff0PGduTOdqLyg";
/// Its public key.
pub(crate) const ES256_PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEI28CLVFJgTsDnBzjHBbUu2Sm+GfP
+AbY0pPH3ytSpGBUrxQARZpOcX5qHTN+j/V6/Z3BC8ImG90a3Y+ijmFF0g==
-----END PUBLIC KEY-----
";
/// Its private key.
pub(crate) const ES256_PRIVATE: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBuKK/R6J/NkPjPxU
3BFygKxD417U3dwZ6HQqX0/XmLOhRANCAAQjbwItUUmBOwOcHOMcFtS7ZKb4Z8/4
BtjSk8ffK1KkYFSvFABFmk5xfmodM36P9Xr9ncELwiYb3Rrdj6KOYUXS
-----END PRIVATE KEY-----
";
/// Signed by ES384.
pub(crate) const ES384_TOKEN: &str = "\
    eyJhbGciOiJFUzM4NCIsImtpZCI6ImstRVMzODQiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlc\
    i5leGFtcGxlIiwiYXVkIjpbIndlaXIiLCJvdGhlciJdLCJzdWIiOiJ2aWV3ZXItMSIsImp0aSI6InQtMSIsIm9yZ\
    yI6Im9uZSIsInN0cmVhbXMiOlsibGl2ZS9tYWluIiwibGl2ZS9jYW0tKiJdLCJpYXQiOjE3OTAwMDAwMDAsIm5iZ\
    iI6MTc5MDAwMDAwMCwiZXhwIjoxNzkwMDAzNjAwLCJhZGRyIjpbIjIwMy4wLjExMy4wLzI0IiwiMjAwMTpkYjg6O\
    jEiXSwiY3RyeSI6WyJERSIsIiFGUiJdLCJyZWYiOiIqLmV4YW1wbGUub3JnIiwic2Vzc2lvbnMiOjIsImhlaWdod\
    CI6NzIwLCJiaXRyYXRlIjozMDAwMDAwLCJ2ZXIiOjMsImRldiI6ImRldi0xIiwibWVtIjp0cnVlfQ.GKa9wSCFWN\
    q8oh63QviRudn2ZcdN6-3hHHhCDxZQwdhOisGLWAAzgoktS6_Ee0QXR5JQ4d3QyCxWX8sjc9-Gf8kE3oBheA5RWQ\
    uQQoLK52zVRTwYTjCCONc_3buMD8MI";
/// Its public key.
pub(crate) const ES384_PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEsoTj2kkGXwwd6GJ69RNYoobesCDjhPSc
NOc/YLQpzVmVZDJB7kXhmbMcDVFixCPVOYyKg6RxdHu/TNUtiFklHN4TRZmlUKvH
HEDNJYUwxzqGh6umkcMJhfHjpmsK7KW9
-----END PUBLIC KEY-----
";
/// Its private key.
pub(crate) const ES384_PRIVATE: &str = "\
-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDdBNLl87Y/i4qGkzNb
K2sUgdj1nvwA081hujUwGdXg00+4FQrHZ5s3LZ/DlIxDfPWhZANiAASyhOPaSQZf
DB3oYnr1E1iiht6wIOOE9Jw05z9gtCnNWZVkMkHuReGZsxwNUWLEI9U5jIqDpHF0
e79M1S2IWSUc3hNFmaVQq8ccQM0lhTDHOoaHq6aRwwmF8eOmawrspb0=
-----END PRIVATE KEY-----
";
/// Signed by RS256.
pub(crate) const RS256_TOKEN: &str = "\
    eyJhbGciOiJSUzI1NiIsImtpZCI6ImstUlMyNTYiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlc\
    i5leGFtcGxlIiwiYXVkIjpbIndlaXIiLCJvdGhlciJdLCJzdWIiOiJ2aWV3ZXItMSIsImp0aSI6InQtMSIsIm9yZ\
    yI6Im9uZSIsInN0cmVhbXMiOlsibGl2ZS9tYWluIiwibGl2ZS9jYW0tKiJdLCJpYXQiOjE3OTAwMDAwMDAsIm5iZ\
    iI6MTc5MDAwMDAwMCwiZXhwIjoxNzkwMDAzNjAwLCJhZGRyIjpbIjIwMy4wLjExMy4wLzI0IiwiMjAwMTpkYjg6O\
    jEiXSwiY3RyeSI6WyJERSIsIiFGUiJdLCJyZWYiOiIqLmV4YW1wbGUub3JnIiwic2Vzc2lvbnMiOjIsImhlaWdod\
    CI6NzIwLCJiaXRyYXRlIjozMDAwMDAwLCJ2ZXIiOjMsImRldiI6ImRldi0xIiwibWVtIjp0cnVlfQ.Kez1uCspK8\
    Q7uDb1rucMqfIJIbZN1m4qeMUNgGudYU_l9EqlpSRM9KFOkjgcR73AFvjBhoK9ipSoedMRxtBiI353sqotmAKecE\
    33NAYp3eySn21Xs-C33ak9ghuwyKlh7zATHSLmlqMqwexbkP_DK3-toNBN99EikylB4tlfFpmbgY3Rh32FQyOhWC\
    Bui3bj-CpwglNYD8a84qJ7YNtDZVmSbC15fBH4bv13dOCTyUkLTzS5eM9dMYbpF7I8USsmaMoe6K1zpm_2Ys3jsJ\
    TwilPnxjUGczyvaWWN6cYkoCMEu3y5YtpBoF_cBJ3mC86Rf_kMzIS3GP919LQPA5jHvA";
/// Its public key.
pub(crate) const RS256_PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAovfoMTO0R9M7khbPIwEn
aRF92CZOAGyImwEhE1wCRAeOnw37o4tBTRZmVisDLw3mjgxIsNFxirQiIYTHND0R
QgLiHtARlCpr6PdulJIn0cNeXGmU1R8+JqV3CfYzSVCBPihvC0QR6QWtFP074wrB
4Gac1hUtJO9wDqasUiSznDZFQ5BWvWVnV7OW42EHb0VPZxf6/6JSCKpAi2mqnuoZ
oTH4WTIsr/9T6GMBWkx88s5izUKpadbXwRtPHybbJWhX9JSXC3+oaTUEWvXBdbFk
SKgrQVIGRQ6r7w+D7ypAduUfGo+FaAUFWA2YWPzr7LwOEZPlpo9o3JL4CCc2HvAi
HwIDAQAB
-----END PUBLIC KEY-----
";
/// Its private key.
pub(crate) const RS256_PRIVATE: &str = "\
-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCi9+gxM7RH0zuS
Fs8jASdpEX3YJk4AbIibASETXAJEB46fDfuji0FNFmZWKwMvDeaODEiw0XGKtCIh
hMc0PRFCAuIe0BGUKmvo926UkifRw15caZTVHz4mpXcJ9jNJUIE+KG8LRBHpBa0U
/TvjCsHgZpzWFS0k73AOpqxSJLOcNkVDkFa9ZWdXs5bjYQdvRU9nF/r/olIIqkCL
aaqe6hmhMfhZMiyv/1PoYwFaTHzyzmLNQqlp1tfBG08fJtslaFf0lJcLf6hpNQRa
9cF1sWRIqCtBUgZFDqvvD4PvKkB25R8aj4VoBQVYDZhY/OvsvA4Rk+Wmj2jckvgI
JzYe8CIfAgMBAAECggEAAzj6wLiLL+u+yabP7P6qdTrRCjABDhWlkMccU9PXjvYM
Z/8bSgnIhYL+tyxE5srpaNVYIRTAg8BA6aNS6VNeQmKE/SpwP3BriGgWYt5HAzBB
xF6bOW/hxz5qf3huXYdF9FLfle3yDH+99Q8hGt5NMwudTDlWpLHVaCdtez4hG1SY
a/5WR5Deo4kvhlCmqkC4Useu/KtfvsnvuIwS+VwJrfaUlp2XvDKdVyFc59JIlILS
zMYNtjZniOZvEcqPuM0kPr0Qq9nVGZuGvPay29vkFFM4XPSO3Nz8zCtY+uXao3I6
zPZJjc2vo8xrA3Kmssv2UKCyoBuXoO26eq4vZv0xKQKBgQDYfX/lTDGR/6r6XtbJ
6VLLNUe6pEEUpyu+IHBrekcyKtJ4CjtDCqjakYXaDtIpSUHKtzUWi0R085il6HWo
V7vVRE205Z9xK6eSR0gMn+r71hLvlLgMkM4Km5OgEowB9gppvrSFqXqSp/Twxnhv
9dNTs8YC79YXdALskGlmSpJt5wKBgQDAtdkIxsjK3voJUWAirUfFwXTFV0fqra+/
6/PSM8om4h+Qql4UY3/DXkDe7+RZGjAHheZz7ITv9hbHED6zKk2KL5LYFwx2m4jK
P0rXEFcKeZdeba3GuLoHvcDeHhoukzUnliJXKNMODjv8RDGN/qiBckTdMCrmewzD
44K1k8jzCQKBgQDT+X5DXGmlFPurDzWsmkMxKchEHhSDTnRsQ4MQGbigjIFsfEgu
ir9u09KGAsERH+PFw8G9gzvSb7plqMmbvdvzJGAZ4kROIXqApj8L7YG+eIwt/iaA
V0EH7fGMaNyiBvGHPO2xepLECqSxJQRETCVR7dLSiVfNuxAp5fTt7dKWvQKBgDF5
/sDsGH1NhjCCPgZpKrYxFwPbhtFPyoGh2LWtKkeVYrlHpGPjr9e/CTSzrpLZ0F7+
F87HeNILAooVN6PURpgl4rOsJz0EbbhPS62vukksMprB2g3dO5XlN/FPFTXEAa+q
MiLijl1bdjcsYvSr3yNs7RVE2p7WFM7uSI7J5JvRAoGBAJ1C2a6MjlCq3+SPfXdx
AmHN5//8wSvuiwqzGl73B3sD7eboT/4rvoXIuwUWfKob2Fu19YUXm+/O9mbFZHcX
e7haMWGNHCQC9CVLJDCGaGsw7Ur7eRGetFUwwa/IJna7exig7M2GpgHFRHabFXtf
l78vqsxLhhuTLOhbpT0cXsv6
-----END PRIVATE KEY-----
";
/// Signed by HS256.
pub(crate) const HS256_TOKEN: &str = "\
    eyJhbGciOiJIUzI1NiIsImtpZCI6ImstSFMyNTYiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlc\
    i5leGFtcGxlIiwiYXVkIjpbIndlaXIiLCJvdGhlciJdLCJzdWIiOiJ2aWV3ZXItMSIsImp0aSI6InQtMSIsIm9yZ\
    yI6Im9uZSIsInN0cmVhbXMiOlsibGl2ZS9tYWluIiwibGl2ZS9jYW0tKiJdLCJpYXQiOjE3OTAwMDAwMDAsIm5iZ\
    iI6MTc5MDAwMDAwMCwiZXhwIjoxNzkwMDAzNjAwLCJhZGRyIjpbIjIwMy4wLjExMy4wLzI0IiwiMjAwMTpkYjg6O\
    jEiXSwiY3RyeSI6WyJERSIsIiFGUiJdLCJyZWYiOiIqLmV4YW1wbGUub3JnIiwic2Vzc2lvbnMiOjIsImhlaWdod\
    CI6NzIwLCJiaXRyYXRlIjozMDAwMDAwLCJ2ZXIiOjMsImRldiI6ImRldi0xIiwibWVtIjp0cnVlfQ.7bFrhTDomG\
    F0Np6bCTonDaW8mgToQgKm7raxmJShMR8";
/// Its secret.
pub(crate) const HS256_SECRET: &str = "a secret of more than 32 bytes, for tests";
/// Signed by HS256, with the text of the RSA public key as the secret.
pub(crate) const CONFUSED_TOKEN: &str = "\
    eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImstUlMyNTYifQ.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1Z\
    XIuZXhhbXBsZSIsICJhdWQiOiBbIndlaXIiLCAib3RoZXIiXSwgInN1YiI6ICJ2aWV3ZXItMSIsICJqdGkiOiAid\
    C0xIiwgIm9yZyI6ICJvbmUiLCAic3RyZWFtcyI6IFsibGl2ZS9tYWluIiwgImxpdmUvY2FtLSoiXSwgImlhdCI6I\
    DE3OTAwMDAwMDAsICJuYmYiOiAxNzkwMDAwMDAwLCAiZXhwIjogMTc5MDAwMzYwMCwgImFkZHIiOiBbIjIwMy4wL\
    jExMy4wLzI0IiwgIjIwMDE6ZGI4OjoxIl0sICJjdHJ5IjogWyJERSIsICIhRlIiXSwgInJlZiI6ICIqLmV4YW1wb\
    GUub3JnIiwgInNlc3Npb25zIjogMiwgImhlaWdodCI6IDcyMCwgImJpdHJhdGUiOiAzMDAwMDAwLCAidmVyIjogM\
    ywgImRldiI6ICJkZXYtMSIsICJtZW0iOiB0cnVlfQ.XJurdmwzN0RodUa5zCkvIsEWs8ejdAbcPcmCpSD4Ag0";
/// The public keys as a set.
pub(crate) const JWKS: &str = "\
    {\"keys\":[{\"x\":\"hoC82PKLgYsd7cXWp8ZI2ZD-1-GLRtl1DUGO5SVrN74\",\"kty\":\"OKP\",\"crv\
    \":\"Ed25519\",\"kid\":\"k-EdDSA\",\"alg\":\"EdDSA\",\"use\":\"sig\"},{\"kty\":\"EC\",\"\
    crv\":\"P-256\",\"x\":\"I28CLVFJgTsDnBzjHBbUu2Sm-GfP-AbY0pPH3ytSpGA\",\"y\":\"VK8UAEWaTn\
    F-ah0zfo_1ev2dwQvCJhvdGt2Poo5hRdI\",\"kid\":\"k-ES256\",\"alg\":\"ES256\",\"use\":\"sig\
    \"},{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"soTj2kkGXwwd6GJ69RNYoobesCDjhPScNOc_YLQpzV\
    mVZDJB7kXhmbMcDVFixCPV\",\"y\":\"OYyKg6RxdHu_TNUtiFklHN4TRZmlUKvHHEDNJYUwxzqGh6umkcMJhfH\
    jpmsK7KW9\",\"kid\":\"k-ES384\",\"use\":\"sig\"},{\"kty\":\"RSA\",\"n\":\"ovfoMTO0R9M7kh\
    bPIwEnaRF92CZOAGyImwEhE1wCRAeOnw37o4tBTRZmVisDLw3mjgxIsNFxirQiIYTHND0RQgLiHtARlCpr6PdulJ\
    In0cNeXGmU1R8-JqV3CfYzSVCBPihvC0QR6QWtFP074wrB4Gac1hUtJO9wDqasUiSznDZFQ5BWvWVnV7OW42EHb0\
    VPZxf6_6JSCKpAi2mqnuoZoTH4WTIsr_9T6GMBWkx88s5izUKpadbXwRtPHybbJWhX9JSXC3-oaTUEWvXBdbFkSK\
    grQVIGRQ6r7w-D7ypAduUfGo-FaAUFWA2YWPzr7LwOEZPlpo9o3JL4CCc2HvAiHw\",\"e\":\"AQAB\",\"kid\
    \":\"k-RS256\",\"alg\":\"RS256\",\"use\":\"sig\"}]}";
