namespace BeBiDa.EmbeddedApi;

/// <summary>A running Kubernetes API server, embedded or real, and the ways to reach it.</summary>
public interface IApiServer : IAsyncDisposable
{
    /// <summary>Where the API is served, such as <c>https://127.0.0.1:6443</c>.</summary>
    Uri Url { get; }

    /// <summary>The authority (PEM) that signed the server's certificate.</summary>
    string CaCertificatePath { get; }

    /// <summary>A kubeconfig, mode 0600, with a client certificate of the group <c>system:masters</c>.</summary>
    string AdminKubeconfig { get; }

    /// <summary>Makes a new identity by client certificate and returns the path of its kubeconfig, mode 0600.</summary>
    string WriteKubeconfig(string user, params string[] groups);

    /// <summary>Makes a new identity whose certificate ends after a time.</summary>
    string WriteKubeconfig(string user, TimeSpan lifetime, params string[] groups);

    /// <summary>Signs a certificate request (PEM) with the authority of the cluster's clients, as a cluster's signing controller does with approved ones.</summary>
    string SignClientCertificate(string requestPem, TimeSpan lifetime);

    /// <summary>The requests in the name of a user since the start; null where nobody counts them.</summary>
    long? RequestsOf(string user) => null;
}
