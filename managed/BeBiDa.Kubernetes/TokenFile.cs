using System.Net.Http.Headers;
using BeBiDa.Configuration;
using k8s.Authentication;

namespace BeBiDa.Kubernetes;

/// <summary>A bearer token in a file that someone else renews, as kubelet does with projected service account tokens.</summary>
/// <remarks>The client library's own reader keeps a token for a minute; this one notices a new file at once.</remarks>
/// <param name="path">The file.</param>
/// <param name="key">Which setting names it, for the error.</param>
internal sealed class TokenFile(string path, string key) : ITokenProvider
{
    private volatile Token? last;

    /// <summary>The token as it is now.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, or others can read it.</exception>
    public AuthenticationHeaderValue Read()
    {
        var stamp = FileStamp.Of(path);
        if (last is { } known && known.Stamp == stamp)
            return known.Header;
        var token = TrustedFile.ReadSecret(path, key).Trim();
        if (token.Any(c => !char.IsBetween(c, '!', '~')))
            throw new ConfigurationException(
                $"{path}: is not a token: it contains blanks, line breaks or non-ASCII characters (base64 -w0 writes no line breaks)"
            );
        var header = new AuthenticationHeaderValue("Bearer", token);
        last = new Token(stamp, header);
        return header;
    }

    /// <exception cref="IOException">As <see cref="Read"/>: to a request, that is one more broken connection.</exception>
    public Task<AuthenticationHeaderValue> GetAuthenticationHeaderAsync(CancellationToken cancellationToken)
    {
        try
        {
            return Task.FromResult(Read());
        }
        catch (ConfigurationException e)
        {
            return Task.FromException<AuthenticationHeaderValue>(new IOException(e.Message, e));
        }
    }

    private sealed record Token(FileStamp Stamp, AuthenticationHeaderValue Header);
}
