using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BeBiDa.EmbeddedApi.Authentication;

/// <summary>The cluster's certificate authority: signs the server's certificate and those of its clients.</summary>
internal sealed class ClusterAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public ClusterAuthority(DateTimeOffset now)
    {
        var request = new CertificateRequest("CN=kubernetes", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, true)
        );
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Certificate = request.CreateSelfSigned(now.AddYears(-5), now.AddYears(10));
    }

    public X509Certificate2 Certificate { get; }

    public string Pem => Certificate.ExportCertificatePem();

    /// <summary>A certificate for a server on this machine, at an address of it.</summary>
    public X509Certificate2 IssueServer(IPAddress address, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kube-apiserver", own, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddDnsName("kubernetes");
        names.AddDnsName("kubernetes.default.svc");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        if (!address.Equals(IPAddress.Loopback))
            names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        return Sign(request, own, ServerAuthentication, notBefore, notAfter);
    }

    /// <summary>A certificate by which a client is a user (CN) in groups (O).</summary>
    public X509Certificate2 IssueClient(string user, IEnumerable<string> groups, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        foreach (var group in groups)
            subject.AddOrganizationName(group);
        subject.AddCommonName(user);
        var request = new CertificateRequest(subject.Build(), own, HashAlgorithmName.SHA256);
        return Sign(request, own, ClientAuthentication, notBefore, notAfter);
    }

    /// <summary>Signs what a client asks to be, unasked: it has been approved.</summary>
    public string SignClient(string requestPem, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var asked = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256);
        var request = new CertificateRequest(asked.SubjectName, asked.PublicKey, HashAlgorithmName.SHA256);
        AddExtensions(request, ClientAuthentication);
        // With the type that the authority's key has, whatever the client's is.
        using var signed = request.Create(
            Certificate.SubjectName,
            X509SignatureGenerator.CreateForECDsa(key),
            notBefore,
            notAfter,
            RandomNumberGenerator.GetBytes(16)
        );
        return signed.ExportCertificatePem();
    }

    /// <summary>Whether this authority signed the certificate, which is valid now, for a client.</summary>
    public bool Trusts(X509Certificate2 certificate, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    public void Dispose()
    {
        Certificate.Dispose();
        key.Dispose();
    }

    private X509Certificate2 Sign(CertificateRequest request, ECDsa own, string usage, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        AddExtensions(request, usage);
        using var signed = request.Create(Certificate, notBefore, notAfter, RandomNumberGenerator.GetBytes(16));
        return signed.CopyWithPrivateKey(own);
    }

    private void AddExtensions(CertificateRequest request, string usage)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
    }
}
