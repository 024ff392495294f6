namespace BeBiDa.Cli.Credentials;

/// <summary>How the controller says who it is.</summary>
internal enum CredentialKind
{
    /// <summary>A ServiceAccount's token (TokenRequest): ends with the ServiceAccount.</summary>
    Token,

    /// <summary>A client certificate (CertificateSigningRequest): ends at its date, or with the binding.</summary>
    Certificate,

    /// <summary>Neither.</summary>
    None,
}
