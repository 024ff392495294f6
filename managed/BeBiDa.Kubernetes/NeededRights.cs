using BeBiDa.Cluster;

namespace BeBiDa.Kubernetes;

/// <summary>Tells a missing right from other reasons for a 403: admission webhooks and plugins deny with that code too.</summary>
internal sealed class NeededRights(ApiClient client)
{
    /// <summary>Sends a request that needs a right.</summary>
    /// <param name="right">The right.</param>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Ends the question whether the right is there.</param>
    /// <exception cref="ClusterException">As the request; <see cref="ClusterFault.Forbidden"/> only if the right is missing, as a SelfSubjectAccessReview says.</exception>
    public async Task<T> NeedAsync<T>(ResourceAttributes right, Func<Task<T>> request, CancellationToken cancellationToken)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (ClusterException e) when (e.Fault == ClusterFault.Forbidden)
        {
            if (await IsGrantedAsync(right, cancellationToken).ConfigureAwait(false))
                throw new ClusterException(ClusterFault.Refused, e.Message, e.RetryAfter, e);
            var resource = right.Subresource is null ? right.Resource : $"{right.Resource}/{right.Subresource}";
            var where = right.Namespace is null ? "" : $" in namespace {right.Namespace}";
            throw new ClusterException(
                ClusterFault.Forbidden,
                $"the kubeconfig's identity may not {right.Verb} {resource}{where}; bebidactl check prints the command that grants the right ({e.Message})",
                null,
                e
            );
        }
    }

    private async Task<bool> IsGrantedAsync(ResourceAttributes right, CancellationToken cancellationToken)
    {
        var review = new AccessReview("authorization.k8s.io/v1", "SelfSubjectAccessReview", new AccessReviewSpec(right), null);
        var answer = await client
            .SendAsync(
                HttpMethod.Post,
                "apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                ApiClient.Body(review, ApiJson.Default.AccessReview),
                ApiClient.Json,
                ApiJson.Default.AccessReview,
                cancellationToken
            )
            .ConfigureAwait(false);
        return answer?.Status?.Allowed == true;
    }
}
