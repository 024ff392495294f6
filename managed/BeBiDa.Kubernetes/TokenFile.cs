using System.Net.Http.Headers;
using k8s.Authentication;

namespace BeBiDa.Kubernetes;

/// <summary>A bearer token in a file that someone else renews, as kubelet does with projected service account tokens.</summary>
/// <remarks>The client library's own reader keeps a token for a minute; this one sees a new file at once.</remarks>
internal sealed class TokenFile(string path) : ITokenProvider
{
    private volatile Read? last;

    public async Task<AuthenticationHeaderValue> GetAuthenticationHeaderAsync(CancellationToken cancellationToken)
    {
        var stamp = FileStamp.Of(path);
        if (last is { } known && known.Stamp == stamp)
            return known.Header;
        var token = (await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false)).Trim();
        var header = new AuthenticationHeaderValue("Bearer", token);
        last = new Read(stamp, header);
        return header;
    }

    private sealed record Read(FileStamp Stamp, AuthenticationHeaderValue Header);
}
